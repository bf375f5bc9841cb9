"""The contract as it is served, made by a process of its own.

Making it takes seconds of a core. In a thread of an API process that holds up every call: the
event loop gets its turn from Python only every few milliseconds (measured: 3 to 17 submits a
second meanwhile, instead of 300).
"""

import logging
import subprocess
import sys
from typing import get_args

from app.api.contract.contract import Contract
from app.api.wire.language import Language
from app.main import create_app
from app.settings import Settings

LANGUAGES: tuple[Language, ...] = get_args(Language)
LONGEST = 60.0
"""Seconds that are waited for it."""

_log = logging.getLogger(__name__)


def make_elsewhere(contract: Contract) -> None:
    """Let another process make the texts of this contract, or this one if that fails."""
    made: dict[tuple[Language, str], bytes] = {}

    def text(language: Language, url: str) -> bytes:
        if (language, url) not in made:
            try:
                made.update(zip(((each, url) for each in LANGUAGES), _make_texts(url), strict=True))
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                _log.warning("the contract is made in this process: %s", type(error).__name__)
                return contract.text(language, url)
        return made.pop((language, url))  # the caller keeps it

    contract.make_text = text


def _make_texts(url: str) -> list[bytes]:
    """The contract in each language."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=LONGEST,
    )
    return done.stdout.splitlines()


def _main(url: str) -> None:
    contract: Contract = create_app(Settings()).state.contract
    for language in LANGUAGES:
        sys.stdout.buffer.write(contract.text(language, url) + b"\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
