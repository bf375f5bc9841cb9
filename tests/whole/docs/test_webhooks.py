"""What the pages on webhooks show is run as it stands there, on good and on forged notices."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.domain.webhooks.notices import proves, secret_text, signed_headers
from tests.support.receiver import Receiver

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {
    language: (DOCS / language / "webhooks.md").read_text(encoding="utf-8")
    for language in ("ja", "en")
}
BLOCKS = {
    language: {
        match[2]: match[1]
        for match in re.finditer(r"```\w+\n((?:#|//) ([a-z]+\.\w+):.*?)```", page, re.DOTALL)
    }
    for language, page in PAGES.items()
}
SECRET = secret_text(bytes(range(32)))
CHALLENGE, BODY = re.findall(r"```json\n(.*?)\n```", PAGES["ja"], re.DOTALL)
RUNNERS = {
    "verify.py": (sys.executable, ()),
    "library.py": (sys.executable, ()),
    "verify.mjs": ("node", ()),
    "verify.sh": ("sh", ("openssl", "od")),
}


PROVERS = {
    "prove.py": (sys.executable, ()),
    "prove.mjs": ("node", ()),
    "prove.sh": ("sh", ("openssl", "od")),
}


def runs(language: str, name: str, folder: Path, more: dict[str, str], body: str = BODY) -> bool:
    """Whether a program of the page in this language ends well."""
    return output(language, name, folder, more, body) is not None


def output(language: str, name: str, folder: Path, more: dict[str, str], body: str) -> bytes | None:
    """What a program of the page in this language prints; None if it fails."""
    program, needed = (RUNNERS | PROVERS).get(name, ("sh", ("curl", "openssl")))
    for tool in (program, *needed):
        if shutil.which(tool) is None:
            pytest.skip(f"there is no {tool} here")
    file, content = folder / name, folder / "body.json"
    file.write_text(BLOCKS[language][name])
    content.write_text(body)
    result = subprocess.run(
        [program, file],
        env={"PATH": os.environ["PATH"], "BODY": str(content), "SECRET": SECRET, **more},
        input=body.encode(),
        capture_output=True,
        check=False,
    )
    return result.stdout if result.returncode == 0 else None


def headers(seconds: int, secret: str = SECRET, body: str = BODY) -> dict[str, str]:
    """The headers of a notice, as environment."""
    signed = signed_headers([b"another", _key(secret)], "an-id", seconds, body.encode())
    return {name.removeprefix("webhook-").upper(): value for name, value in signed.items()}


def _key(secret: str) -> bytes:
    return bytes(range(32)) if secret == SECRET else b"forged"


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("name", RUNNERS)
def test_each_program_believes_what_is_true_and_nothing_else(
    name: str, language: str, tmp_path: Path
) -> None:
    now = int(time.time())
    assert runs(language, name, tmp_path, headers(now))
    assert not runs(language, name, tmp_path, headers(now), BODY.replace("42", "43"))
    assert not runs(language, name, tmp_path, headers(now - 600))
    assert not runs(language, name, tmp_path, headers(now, "whsec_forged"))
    assert not runs(language, name, tmp_path, {**headers(now), "ID": "another"})
    assert not runs(language, name, tmp_path, {**headers(now), "SIGNATURE": "v1,"})


@pytest.mark.parametrize("language", PAGES)
async def test_a_receiver_can_be_tried_by_curl(language: str, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        more = {"RECEIVER": receiver.url()}
        assert await asyncio.to_thread(runs, language, "send.sh", tmp_path, more)
        (got,) = receiver.received
    got.verify(SECRET)
    assert got.body.decode() == BODY


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("name", PROVERS)
def test_each_program_answers_a_challenge_with_the_proof(
    name: str, language: str, tmp_path: Path
) -> None:
    content = {"CHALLENGE": json.loads(CHALLENGE)["data"]["challenge"]}
    answer = output(language, name, tmp_path, content, CHALLENGE)
    assert proves(answer, CHALLENGE.encode(), [_key(SECRET)])
    assert not proves(answer, CHALLENGE.encode(), [b"another"])


@pytest.mark.parametrize("answer", [b"[" * 60_000, b"", b"\xff", b"[]", b'{"proof": 1}', None])
def test_an_answer_of_another_form_proves_nothing(answer: bytes | None) -> None:
    assert not proves(answer, CHALLENGE.encode(), [_key(SECRET)])


def test_the_pages_show_a_notice_as_the_contract_has_it() -> None:
    assert all(f"```json\n{BODY}\n```" in page for page in PAGES.values())
    assert len(BODY.encode()) < 2048
    assert set(json.loads(BODY)) == {"type", "timestamp", "data"}


@pytest.mark.parametrize("language", PAGES)
def test_every_program_is_tried(language: str) -> None:
    assert BLOCKS[language].keys() == {*RUNNERS, *PROVERS, "send.sh", "register.sh"}
