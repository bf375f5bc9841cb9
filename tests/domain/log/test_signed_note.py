"""Notes and checkpoints are written as C2SP says, and nothing else is taken for one."""

from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.domain.log.signed_note import (
    LONGEST,
    Checkpoint,
    NotANote,
    Note,
    NoteSigner,
    NotTrusted,
    VerifierKey,
    sign_note,
)

# The published example of Go's sumdb/note.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n"
)


class Signer:
    def __init__(self, name: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)


def verify(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


PETER: NoteSigner = Signer("PeterNeumann", b64decode(SEED)[1:])
OTHER: NoteSigner = Signer("other.example/log", bytes(32))


def test_a_note_is_written_as_the_published_one() -> None:
    assert str(PETER.key) == KEY
    assert str(sign_note(TEXT, [PETER])) == NOTE


def test_the_published_note_is_read() -> None:
    note = Note.parse(NOTE)
    assert note.text == TEXT
    assert note.check([VerifierKey.parse(KEY)], verify) == (PETER.key,)


def test_a_note_may_be_signed_twice_and_one_known_key_is_enough() -> None:
    note = Note.parse(str(sign_note(TEXT, [OTHER, PETER])))
    assert note.check([PETER.key], verify) == (PETER.key,)
    assert note.check([PETER.key, OTHER.key], verify) == (OTHER.key, PETER.key)


def test_a_changed_text_is_not_trusted() -> None:
    with pytest.raises(NotTrusted, match="not genuine"):
        Note.parse(NOTE.replace("answer", "Answer")).check([PETER.key], verify)


def test_a_note_of_strangers_is_not_trusted() -> None:
    with pytest.raises(NotTrusted, match="no key"):
        Note.parse(NOTE).check([OTHER.key], verify)


def test_the_same_key_under_another_name_is_another_key() -> None:
    renamed = VerifierKey("PeterNewman", PETER.key.public)
    with pytest.raises(NotTrusted, match="no key"):
        Note.parse(NOTE).check([renamed], verify)


@pytest.mark.parametrize(
    "written",
    [
        "",
        TEXT,
        NOTE[:-1],
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— PeterNeumann", "— Peter+Neumann"),
        NOTE.replace("x08go", "x08g*"),
        NOTE.replace("AM=\n", "AM\n"),
        NOTE.replace("AM=\n", "AN=\n"),
        f"{NOTE}\n",
        f"{NOTE}further\n",
        NOTE.replace("\n", "\r\n"),
        "\t" + NOTE,
        f"{TEXT}\n— PeterNeumann x08goA==\n"[:-6] + "==\n",
        "x" * LONGEST + NOTE,
    ],
)
def test_what_is_not_written_as_a_note_is_none(written: str) -> None:
    with pytest.raises(NotANote):
        Note.parse(written)


@pytest.mark.parametrize(
    "written",
    ["", "x", KEY[:-1], KEY.replace("c74f", "c74e"), KEY.replace("+AR", "+AB"), KEY[4:], "+" + KEY],
)
def test_what_is_not_written_as_a_key_is_none(written: str) -> None:
    with pytest.raises(NotANote):
        VerifierKey.parse(written)


def test_a_checkpoint_is_written_as_the_published_one() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = Checkpoint.parse(text)
    assert found.origin == "example.com/behind-the-sofa"
    assert found.size == 20852163
    assert found.text == text


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    written = Checkpoint("tsunagu.example/log", size, root)
    assert Checkpoint.parse(written.text) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n²\n" + "A" * 43 + "=\n",
        "origin\n" + "9" * 5_000 + "\n" + "A" * 43 + "=\n",
        "origin\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=",
        "origin\n1\n" + "A" * 43 + "=\n\nmore\n",
    ],
)
def test_what_is_not_written_as_a_checkpoint_is_none(text: str) -> None:
    with pytest.raises(NotANote):
        Checkpoint.parse(text)
