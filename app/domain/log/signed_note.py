"""Signed notes (C2SP signed-note), and the checkpoints (C2SP tlog-checkpoint) that they carry.

A note is a text, an empty line, and signature lines `— name base64(key id ‖ signature)`. This file
knows the form; who signs and what verifies a signature is handed in.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from app.domain.log.merkle import HASH

ED25519 = b"\x01"
"""The signature type of Ed25519 over the text of the note."""

LONGEST = 16_384
"""Characters of a note. Sixteen signatures, which every verifier must take, need 2,500."""

_DASH = "\N{EM DASH} "
_KEY_ID = 4

Verify: TypeAlias = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature is genuine: (public key, signature, signed bytes)."""


class NotANote(Exception):
    """What was given is not a signed note, a checkpoint or a key as they are written."""


class NotTrusted(Exception):
    """No key that is trusted has signed the note, or one of them has not signed this text."""


class NoteSigner(Protocol):
    """Who signs notes."""

    @property
    def key(self) -> "VerifierKey":
        """The public half, with its name."""
        ...

    def sign(self, text: bytes) -> bytes:
        """The signature over `text`."""
        ...


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key (32 bytes) under the name in which it signs."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]: it finds a key, and proves nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_KEY_ID]

    def __str__(self) -> str:
        """As keys are handed on: `name+key id in hex+base64(type ‖ key)`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, written: str) -> "VerifierKey":
        """A key from its written form.

        Raises:
            NotANote: it is not one, its id does not fit, or it is not an Ed25519 key.
        """
        name, _, rest = written.partition("+")
        key_id, _, encoded = rest.partition("+")
        decoded = _decode(encoded)
        key = cls(name, decoded[1:])
        if decoded[:1] != ED25519 or len(key.public) != HASH or str(key) != written:
            raise NotANote("not an Ed25519 verifier key")
        if not _is_name(name) or key.key_id.hex() != key_id:
            raise NotANote("the key's name or id is not as it must be")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """A line under a note."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        """The line, without its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}"

    @classmethod
    def parse(cls, line: str) -> "Signature":
        """A signature from its line.

        Raises:
            NotANote: it is not one.
        """
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        decoded = _decode(encoded)
        if not (line.startswith(_DASH) and _is_name(name) and len(decoded) > _KEY_ID):
            raise NotANote("a line under the note is not a signature")
        return cls(name, decoded[:_KEY_ID], decoded[_KEY_ID:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends in a newline, and who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The note as it is sent and stored."""
        return f"{self.text}\n" + "".join(f"{each}\n" for each in self.signatures)

    @classmethod
    def parse(cls, written: str) -> "Note":
        """A note from its written form, its signatures not yet looked at.

        Raises:
            NotANote: it is not one, or longer than LONGEST.
        """
        head, gap, lines = written.rpartition("\n\n")
        controls = any(ord(each) < ord(" ") and each != "\n" for each in written)
        if len(written) > LONGEST or controls or not gap or not lines.endswith("\n"):
            raise NotANote("not a signed note")
        signatures = [Signature.parse(line) for line in lines[:-1].split("\n")]
        return cls(f"{head}\n", tuple(signatures))

    def check(self, keys: Iterable[VerifierKey], verify: Verify) -> tuple[VerifierKey, ...]:
        """Which of the trusted keys signed this text.

        Signatures of keys that are not known are passed over, so that keys can change.

        Raises:
            NotTrusted: none did, or a signature that claims to be of one of them is not.
        """
        known = {(key.name, key.key_id): key for key in keys}
        trusted = []
        for each in self.signatures:
            if key := known.get((each.name, each.key_id)):
                if not verify(key.public, each.signature, self.text.encode()):
                    raise NotTrusted(f"the signature of {key.name} is not genuine")
                trusted.append(key)
        if not trusted:
            raise NotTrusted("no key that is known has signed")
        return tuple(trusted)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: how many leaves, and the root over them. `origin` names the log."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed: origin, size, and root in base64, a line each."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """A checkpoint from the text of a note. Further lines are allowed, and mean nothing here.

        Raises:
            NotANote: it is not one.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise NotANote("a checkpoint has three lines")
        origin, size, encoded = lines[:3]
        number = size.isascii() and size.isdecimal() and size == str(int(size[:20]))
        root = _decode(encoded)
        if not number or len(root) != HASH:
            raise NotANote("the size or the root is not as it must be")
        return cls(origin, int(size), root)


def sign_note(text: str, signers: Iterable[NoteSigner]) -> Note:
    """`text`, which ends in a newline, signed by all of `signers`."""
    return Note(
        text,
        tuple(
            Signature(each.key.name, each.key.key_id, each.sign(text.encode())) for each in signers
        ),
    )


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(each.isspace() for each in name)


def _decode(encoded: str) -> bytes:
    try:
        decoded = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NotANote("not base64") from None
    if b64encode(decoded).decode() != encoded:
        raise NotANote("not base64 as it must be written")
    return decoded
