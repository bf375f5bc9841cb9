"""An unpacked bundle: its files, its manifest, and the keys in it or from elsewhere."""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from app.auth.jwt import VerifyingKey, public_key
from app.cli.evidence.findings import BundleProblem, blaming
from app.domain.evidence.bundle import FORMAT, LOG_KEYS, MANIFEST, NOT_LISTED, RECEIPT_KEYS
from app.domain.log.signed_note import NotANote, VerifierKey

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trust:
    """The service's keys as the holder has them from elsewhere; None: the bundle's own are used."""

    receipt_keys: Mapping[str, VerifyingKey] | None = None
    log_keys: tuple[VerifierKey, ...] | None = None


@dataclass(slots=True)
class Bundle:
    """The files of a bundle and what its manifest says of them."""

    files: dict[str, bytes]
    manifest: Json
    entries: list[Json] = field(default_factory=list)
    """Log entries whose inclusion was verified."""
    pending: set[str] = field(default_factory=set)
    """Ids of messages whose entries were not in the log yet."""
    root: bytes = b""
    size: int = 0

    @classmethod
    def of(cls, files: dict[str, bytes]) -> "Bundle":
        """The bundle of these files.

        Raises:
            BundleProblem: there is no manifest, or none of this format.
        """
        if MANIFEST not in files:
            raise BundleProblem("missing", MANIFEST)
        with blaming("format", MANIFEST):
            manifest = strict_json(files[MANIFEST])
            if manifest["format"] != FORMAT:
                raise BundleProblem("format", MANIFEST)
            return cls(files, manifest)

    def json(self, name: str, code: str) -> Any:
        """What a file holds.

        Raises:
            BundleProblem: `missing`, or `code` if it is not JSON.
        """
        if name not in self.files:
            raise BundleProblem("missing", name)
        with blaming(code, name):
            return strict_json(self.files[name])

    def text(self, name: str, code: str) -> str:
        """A file that is text.

        Raises:
            BundleProblem: `missing`, or `code` if it is not UTF-8.
        """
        if name not in self.files:
            raise BundleProblem("missing", name)
        with blaming(code, name):
            return self.files[name].decode()

    def check_files(self) -> None:
        """Compare every file with the manifest.

        Raises:
            BundleProblem: `missing`, `changed` or `unknown`, with the first such file.
        """
        with blaming("manifest", MANIFEST):
            for name, digest in self.manifest["files"].items():
                if name not in self.files:
                    raise BundleProblem("missing", name)
                if digest != f"sha256:{sha256(self.files[name]).hexdigest()}":
                    raise BundleProblem("changed", name)
            for name in sorted(self.files.keys() - self.manifest["files"].keys() - NOT_LISTED):
                raise BundleProblem("unknown", name)

    def receipt_keys(self) -> dict[str, VerifyingKey]:
        """The keys in the bundle for receipts and the manifest's signature, by `kid`.

        Raises:
            BundleProblem: `keys`, if they cannot be read.
        """
        return keys_of(self.json(RECEIPT_KEYS, "keys"), RECEIPT_KEYS)

    def log_keys(self) -> tuple[VerifierKey, ...]:
        """The keys in the bundle for checkpoints.

        Raises:
            BundleProblem: `keys`, if they cannot be read.
        """
        return log_keys_of(self.text(LOG_KEYS, "keys").splitlines(), LOG_KEYS)


def keys_of(jwks: Any, file: str | None) -> dict[str, VerifyingKey]:
    """The keys of a JWKS, one or more, each once, by `kid`: the key's thumbprint (RFC 7638).

    Raises:
        BundleProblem: `keys`.
    """
    with blaming("keys", file):
        keys = {key.kid: key for key in map(_read_key, jwks["keys"])}
        if not keys or len(keys) < len(jwks["keys"]):
            raise ValueError("no key, or one twice")
        return keys


def _read_key(members: Json) -> VerifyingKey:
    key = public_key(members)
    if members["kid"] != key.kid:
        raise ValueError("not the key's thumbprint")
    return key


def decode_base64url(text: str) -> bytes | None:
    """The bytes of base64url without padding; None if the encoding is not canonical (the last
    character has several spellings)."""
    content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return content if urlsafe_b64encode(content).decode().rstrip("=") == text else None


def decode_base64(text: str) -> bytes:
    """The bytes of base64.

    Raises:
        ValueError: the encoding is not canonical.
    """
    content = b64decode(text, validate=True)
    if b64encode(content).decode() != text:
        raise ValueError("not base64 as it must be written")
    return content


def log_keys_of(lines: Iterable[str], file: str | None) -> tuple[VerifierKey, ...]:
    """The verifier keys of a log, one in each line: one or more, each once.

    Raises:
        BundleProblem: `keys`.
    """
    try:
        keys = tuple(VerifierKey.parse(line) for line in lines)
    except (NotANote, UnicodeError):
        raise BundleProblem("keys", file) from None
    if not keys or len(set(keys)) < len(keys):
        raise BundleProblem("keys", file)
    return keys


def strict_json(data: bytes) -> Any:
    """Read JSON whose numbers are integers and whose objects have no repeated name.

    Raises:
        ValueError: it is something else.
        RecursionError: it is nested too deeply.
    """
    return json.loads(
        data.decode(),
        object_pairs_hook=_refuse_repeats,
        parse_float=_refuse_number,
        parse_constant=_refuse_number,
    )


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands there twice")
    return members


def _refuse_number(_: str) -> Any:
    raise ValueError("a number that no bundle has")
