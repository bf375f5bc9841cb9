"""Keys on disk: signing keys, master keys and the log's keys. No file is ever overwritten."""

import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.domain.keys.ports import MasterKey, SigningPem

_STAMP = "%Y%m%dT%H%M%SZ"
_SIGNING = re.compile(r"signing-(\d{8}T\d{6}Z)(\.revoked)?\.pem")
_MASTER = re.compile(r"master-(\d{1,6})(?:-(\d{8}T\d{6}Z))?\.key")
_MASTER_BYTES = 32
_ORIGIN = "log-origin"
_LOG = re.compile(r"log-(\d{8}T\d{6}Z)\.pem")
_NEW = ".new-"


class MasterWaits(Exception):
    """A master key that was added before is not in use yet."""

    def __init__(self, wraps_from: datetime) -> None:
        super().__init__(wraps_from)
        self.wraps_from = wraps_from


class KeyFolder:
    """A folder with `signing-<from when it signs>.pem` and `master-<version>-<since>.key`.

    `since` is the time from which a master key wraps; the first one has none. Files are never
    changed, only added (atomically) and removed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, at: datetime, *, signing: bool = True, masters: bool = True) -> None:
        """Make the first signing key, which signs from `at`, and the first master key.

        Where both exist, this does nothing and needs no permission to write.

        Args:
            at: the present moment.
            signing: False where nothing is signed.
            masters: False where a key service of its own keeps the master keys.
        """
        wanted = {_SIGNING: signing, _MASTER: masters}
        if all(self._matching(kind) for kind, is_wanted in wanted.items() if is_wanted):
            return
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock():  # another process may be starting too
            if signing and not self._matching(_SIGNING):
                self._write(_signing_name(at), _new_pem())
            if masters and not self._matching(_MASTER):
                self._write("master-1.key", secrets.token_bytes(_MASTER_BYTES))

    def mark(self) -> tuple[str, ...]:
        """The names of the signing keys: as files never change, equal names mean equal keys."""
        return tuple(self._matching(_SIGNING))

    def master_mark(self) -> tuple[str, ...]:
        """The same for the master keys."""
        return tuple(self._matching(_MASTER))

    def signing(self) -> tuple[SigningPem, ...]:
        """Every signing key, the oldest first.

        Raises:
            OSError: one of them cannot be read.
        """
        # While a key is being revoked, both of its files may exist: the private one is ignored.
        files = self._matching(_SIGNING)
        revoked = {match[1] for match in files.values() if match[2]}
        return tuple(
            SigningPem(_stamp(match[1]), (self._path / name).read_bytes(), bool(match[2]))
            for name, match in files.items()
            if match[2] or match[1] not in revoked
        )

    def masters(self) -> tuple[MasterKey, ...]:
        """Every master key, by version.

        Raises:
            OSError: one of them cannot be read.
            ValueError: one of them is not 32 bytes long, or two have one version.
        """
        keys = {}
        for name, match in self._matching(_MASTER).items():
            secret = (self._path / name).read_bytes()
            if len(secret) != _MASTER_BYTES:
                raise ValueError(f"{name} is not {_MASTER_BYTES} bytes long")
            version = int(match[1])
            if version in keys:
                raise ValueError(f"there are two master keys {version}")
            keys[version] = MasterKey(version, secret, _stamp(match[2]) if match[2] else None)
        return tuple(keys[version] for version in sorted(keys))

    def add_signing(self, signs_from: datetime) -> SigningPem:
        """Add a signing key that signs from `signs_from`, or from the next second not yet taken."""
        with self._lock():
            while (self._path / (name := _signing_name(signs_from))).exists():
                signs_from += timedelta(seconds=1)
            pem = _new_pem()
            self._write(name, pem)
        return SigningPem(signs_from.replace(microsecond=0), pem)

    def prepare_log(self, at: datetime) -> None:
        """Make the first key that signs the log's checkpoints, if there is none.

        Apart from `prepare`, since the sealer needs this key and none of the others.
        """
        if self._matching(_LOG):
            return
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock():
            if not self._matching(_LOG):
                self._write(_log_name(at), _new_log_pem())

    def name_log(self, name: str) -> str:
        """Name the log, if it has no name yet; returns the name that it has."""
        if self.log_origin() is None:
            with self._lock():
                if self.log_origin() is None:
                    self._write(_ORIGIN, name.encode())
        return self.log_origin() or name

    def log_origin(self) -> str | None:
        """The name of the log, if it has one."""
        file = self._path / _ORIGIN
        return file.read_text(encoding="utf-8") if file.exists() else None

    def log_mark(self) -> tuple[str, ...]:
        """The names of the log's keys."""
        return tuple(self._matching(_LOG))

    def log_signing(self) -> tuple[SigningPem, ...]:
        """Every key of the log (Ed25519), the oldest first.

        Raises:
            OSError: one of them cannot be read.
        """
        return tuple(
            SigningPem(_stamp(match[1]), (self._path / name).read_bytes())
            for name, match in self._matching(_LOG).items()
        )

    def add_log(self, signs_from: datetime) -> SigningPem:
        """Add a key of the log that signs from `signs_from`, or the next second not yet taken."""
        with self._lock():
            while (self._path / (name := _log_name(signs_from))).exists():
                signs_from += timedelta(seconds=1)
            pem = _new_log_pem()
            self._write(name, pem)
        return SigningPem(signs_from.replace(microsecond=0), pem)

    def _matching(self, pattern: re.Pattern[str]) -> dict[str, re.Match[str]]:
        names = sorted(os.listdir(self._path)) if self._path.is_dir() else []
        return {name: match for name in names if (match := pattern.fullmatch(name))}

    def revoke_signing(self, key: SigningPem) -> None:
        """Keep only the public key: it no longer signs, and its receipts can still be verified."""
        name = _signing_name(key.signs_from)
        with self._lock():
            private = load_pem_private_key((self._path / name).read_bytes(), None)
            public = private.public_key().public_bytes(
                Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
            )
            self._write(name.replace(".pem", ".revoked.pem"), public)
            (self._path / name).unlink()
            self._sync()

    def add_master(self, at: datetime, wraps_from: datetime) -> MasterKey:
        """Add, at `at`, the next master key, which wraps from `wraps_from`.

        Raises:
            MasterWaits: one that was added before does not wrap yet.
        """
        wraps_from = wraps_from.replace(microsecond=0)
        with self._lock():
            masters = self.masters()
            last = masters[-1]
            if last.wraps_from is not None and last.wraps_from > at:
                raise MasterWaits(last.wraps_from)
            added = MasterKey(last.version + 1, secrets.token_bytes(_MASTER_BYTES), wraps_from)
            self._write(_master_name(added), added.secret)
        return added

    def remove_master(self, version: int) -> None:
        """Remove a master key; what is wrapped by it can never be opened again."""
        with self._lock():
            for name, match in self._matching(_MASTER).items():
                if int(match[1]) == version:
                    (self._path / name).unlink()
            self._sync()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self._path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for leftover in self._path.glob(f"{_NEW}*"):  # of a process that was killed
                leftover.unlink()
            yield

    def _write(self, name: str, content: bytes) -> None:
        # mkstemp makes the file 0600. Both fsyncs are needed: if a master key were used before it
        # is on the disk, a power cut would make everything sealed with it unreadable.
        descriptor, temporary = tempfile.mkstemp(prefix=_NEW, dir=self._path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).rename(self._path / name)
        self._sync()

    def _sync(self) -> None:
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _signing_name(signs_from: datetime) -> str:
    return f"signing-{signs_from.astimezone(UTC).strftime(_STAMP)}.pem"


def _master_name(key: MasterKey) -> str:
    since = key.wraps_from.astimezone(UTC).strftime(_STAMP) if key.wraps_from else ""
    return f"master-{key.version}-{since}.key"


def _stamp(text: str) -> datetime:
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def _new_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _log_name(signs_from: datetime) -> str:
    return f"log-{signs_from.astimezone(UTC).strftime(_STAMP)}.pem"


def _new_log_pem() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
