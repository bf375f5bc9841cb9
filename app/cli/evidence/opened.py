"""A bundle taken apart: its files, its manifest, and the keys that it brings or is checked with."""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from app.auth.jwt import VerifyingKey, public_key
from app.cli.evidence.findings import Bad, blaming
from app.domain.evidence.bundle import FORMAT, LOG_KEYS, MANIFEST, NOT_LISTED, RECEIPT_KEYS
from app.domain.log.signed_note import NotANote, VerifierKey

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the holder knows from elsewhere: the service's keys. Without it, the bundle's own."""

    receipt_keys: Mapping[str, VerifyingKey] | None = None
    log_keys: tuple[VerifierKey, ...] | None = None


@dataclass(slots=True)
class Bundle:
    """The files of a bundle and what its manifest says of them."""

    files: dict[str, bytes]
    manifest: Json
    entries: list[Json] = field(default_factory=list)
    """Entries of the log that were shown to be in it."""
    pending: set[str] = field(default_factory=set)
    """Ids of messages whose entries were not in the log yet."""
    root: bytes = b""
    size: int = 0

    @classmethod
    def of(cls, files: dict[str, bytes]) -> "Bundle":
        """The bundle of these files.

        Raises:
            Bad: there is no manifest, or none of this format.
        """
        if MANIFEST not in files:
            raise Bad("missing", MANIFEST)
        with blaming("format", MANIFEST):
            manifest = strict_json(files[MANIFEST])
            if manifest["format"] != FORMAT:
                raise Bad("format", MANIFEST)
            return cls(files, manifest)

    def json(self, name: str, code: str) -> Any:
        """What a file holds.

        Raises:
            Bad: `missing`, or `code` if it is not JSON.
        """
        if name not in self.files:
            raise Bad("missing", name)
        with blaming(code, name):
            return strict_json(self.files[name])

    def text(self, name: str, code: str) -> str:
        """A file that is text.

        Raises:
            Bad: `missing`, or `code` if it is not UTF-8.
        """
        if name not in self.files:
            raise Bad("missing", name)
        with blaming(code, name):
            return self.files[name].decode()

    def check_files(self) -> None:
        """Compare every file with the manifest.

        Raises:
            Bad: `missing`, `changed` or `unknown`, with the first such file.
        """
        with blaming("manifest", MANIFEST):
            for name, digest in self.manifest["files"].items():
                if name not in self.files:
                    raise Bad("missing", name)
                if digest != f"sha256:{sha256(self.files[name]).hexdigest()}":
                    raise Bad("changed", name)
            for name in sorted(self.files.keys() - self.manifest["files"].keys() - NOT_LISTED):
                raise Bad("unknown", name)

    def receipt_keys(self) -> dict[str, VerifyingKey]:
        """The keys that the bundle brings for receipts and the manifest's signature, by `kid`.

        Raises:
            Bad: `keys`, if they cannot be read.
        """
        return keys_of(self.json(RECEIPT_KEYS, "keys"), RECEIPT_KEYS)

    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The keys that the bundle brings for checkpoints.

        Raises:
            Bad: `keys`, if they cannot be read.
        """
        return log_keys_of(self.text(LOG_KEYS, "keys").splitlines(), LOG_KEYS)


def keys_of(jwks: Any, file: str | None) -> dict[str, VerifyingKey]:
    """The keys of a JWKS, by `kid`, which is made anew from the key.

    Raises:
        Bad: `keys`.
    """
    with blaming("keys", file):
        return {key.kid: key for key in map(_key, jwks["keys"])}


def _key(members: Json) -> VerifyingKey:
    for name in ("x", "y"):
        if base64url(members[name]) is None:
            raise ValueError("not base64url as it must be written")
    key = public_key(members)
    if members["kid"] != key.kid:
        raise ValueError("not the key's thumbprint")
    return key


def base64url(written: str) -> bytes | None:
    """What this is base64url of, without padding; None if it is not written in the one right way:
    the last character has several spellings."""
    found = urlsafe_b64decode(written + "=" * (-len(written) % 4))
    return found if urlsafe_b64encode(found).decode().rstrip("=") == written else None


def base64(written: str) -> bytes:
    """What this is base64 of.

    Raises:
        ValueError: it is not written in the one right way.
    """
    found = b64decode(written, validate=True)
    if b64encode(found).decode() != written:
        raise ValueError("not base64 as it must be written")
    return found


def log_keys_of(lines: Iterable[str], file: str | None) -> tuple[VerifierKey, ...]:
    """The keys of a log as they are written, a line each.

    Raises:
        Bad: `keys`.
    """
    try:
        return tuple(VerifierKey.parse(line) for line in lines)
    except (NotANote, UnicodeError):
        raise Bad("keys", file) from None


def strict_json(data: bytes) -> Any:
    """A JSON value of whole numbers, in which no name stands twice.

    Raises:
        ValueError: it is something else.
        RecursionError: it is too deep.
    """
    return json.loads(
        data.decode(),
        object_pairs_hook=_without_repeats,
        parse_float=_refused,
        parse_constant=_refused,
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _refused(_: str) -> Any:
    raise ValueError("a number that no bundle has")
