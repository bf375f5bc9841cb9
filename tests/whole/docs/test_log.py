"""What the pages on the log show is run as printed, on a log and on one that was changed."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.log.merkle import Frontier, Node, inclusion_path, leaf_hash
from app.domain.log.signed_note import Checkpoint, VerifierKey, sign_note

DOCS = Path(__file__).parents[3] / "docs"
LANGUAGES = ("ja", "en")


def program(language: str) -> str:
    """The program of the page in this language."""
    page = (DOCS / language / "log.md").read_text(encoding="utf-8")
    (check,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return str(check)


ORIGIN = "tsunagu.test/log"
SIZE = 11


class Signer:
    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(ORIGIN, self._private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)


OLD, NEW = Signer(bytes(32)), Signer(b"k" * 32)


@pytest.fixture(params=LANGUAGES)
def check(request: pytest.FixtureRequest) -> str:
    """The program, of each page."""
    return program(request.param)


def write_files(
    folder: Path, check: str, index: int, signers: Sequence[Signer] = (OLD, NEW)
) -> None:
    """What curl would have fetched of a log of SIZE entries."""
    entries: list[Any] = [
        {"id": f"entry {number}", "detail": {"ä": number}} for number in range(SIZE)
    ]
    leaves = [leaf_hash(rfc8785.dumps(entry)) for entry in entries]
    frontier = Frontier()
    nodes = dict(each for leaf in leaves for each in frontier.append(leaf))
    nodes |= {Node(0, number): leaf for number, leaf in enumerate(leaves)}
    path = inclusion_path(index, SIZE, nodes.__getitem__)
    state = Checkpoint(ORIGIN, SIZE, frontier.root())
    files = {
        "keys": f"{OLD.key}\n{NEW.key}\n",
        "checkpoint": str(sign_note(state.text, signers)),
        "entry.json": json.dumps({"index": index, "entry": entries[index]}),
        "proof.json": json.dumps(
            {"size": SIZE, "path": [base64.b64encode(each).decode() for each in path]}
        ),
        "check.py": check,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def checks(folder: Path) -> bool:
    result = subprocess.run(
        [sys.executable, "check.py"], cwd=folder, capture_output=True, check=False
    )
    return result.returncode == 0


def test_the_check_is_short(check: str) -> None:
    assert len(check.splitlines()) <= 40


@pytest.mark.parametrize("index", [0, 5, 7, 8, 10])
def test_a_good_entry_is_found_in_the_log(tmp_path: Path, check: str, index: int) -> None:
    write_files(tmp_path, check, index)
    assert checks(tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("entry.json", "entry 8", "entry 9"),
        ("entry.json", '"index": 8', '"index": 9'),
        ("checkpoint", "\n11\n", "\n12\n"),
        ("proof.json", '"path": ["', '"path": ["AAAA", "'),
        ("keys", str(OLD.key), str(NEW.key)),
    ],
)
def test_a_changed_one_is_not(tmp_path: Path, check: str, name: str, old: str, new: str) -> None:
    write_files(tmp_path, check, 8, (OLD,))
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
    assert not checks(tmp_path)
