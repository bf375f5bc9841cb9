"""The keys that sign the log's checkpoints (Ed25519), read again when the folder changes."""

import logging
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.adapters.keys.folder import KeyFolder
from app.adapters.outage import CannotStart
from app.domain.keys.ports import SigningPem
from app.domain.log.signed_note import VerifierKey

OVERLAP = timedelta(days=30)
"""How long a replaced key signs beside its successor: whoever knows only the old one finds the new
one published with a checkpoint that both have signed."""

_log = logging.getLogger(__name__)


class LogPems(Protocol):
    """Where the log's keys lie."""

    def log_mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def log_signing(self) -> tuple[SigningPem, ...]:
        """Every key, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key that signs under the log's name, and from when."""

    key: VerifierKey
    signs_from: datetime
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, text: bytes) -> bytes:
        """The signature over `text`."""
        return self._private.sign(text)


class LogKeys:
    """Every key of the log whose origin is `name`."""

    def __init__(self, source: LogPems, name: str) -> None:
        self._source = source
        self._name = name
        self._mark = source.log_mark()
        self._keys = self._read()

    @property
    def name(self) -> str:
        """The log's name: the origin of its checkpoints."""
        return self._name

    def signers(self, at: datetime) -> tuple[LogKey, ...]:
        """Who signs a checkpoint at `at`: the newest whose time has come, and before it the one
        that it replaced less than OVERLAP ago."""
        keys = self.held()
        begun = [key for key in keys if key.signs_from <= at] or list(keys[:1])
        recent = [old for old, new in pairwise(begun) if new.signs_from + OVERLAP > at]
        return (*recent, *begun[-1:])

    def published(self) -> tuple[VerifierKey, ...]:
        """The public halves of all of them, the oldest first: old checkpoints are checked too."""
        return tuple(each.key for each in self.held())

    def held(self) -> tuple[LogKey, ...]:
        """Every key as it lies in the folder, the oldest first."""
        try:
            if (mark := self._source.log_mark()) != self._mark:
                self._keys = self._read()
                self._mark = mark
        except (OSError, ValueError):
            # A half-copied key must not stop a log that has good ones.
            _log.exception("the log's keys cannot be read again; the ones in use stay")
        return self._keys

    def _read(self) -> tuple[LogKey, ...]:
        keys = tuple(_key(pem, self._name) for pem in self._source.log_signing())
        if not keys:
            raise ValueError("there is no key to sign the log with")
        return keys


def log_keys(folder: KeyFolder, at: datetime, wanted: str | None, default: str) -> LogKeys:
    """The log's keys; the first one is made where there is none, and the log named.

    A log keeps its name for ever, and with it all that others know of it: another address of the
    service does not change it.

    Raises:
        CannotStart: another name is wanted than the log has.
    """
    folder.prepare_log(at)
    name = folder.name_log(wanted or default)
    if wanted is not None and wanted != name:
        raise CannotStart(
            f"The log is named {name}, and a log keeps its name. Set TSUNAGU_LOG_ORIGIN to that,"
            " or leave it out."
        )
    return LogKeys(folder, name)


def log_keys_here(folder: KeyFolder, default: str) -> LogKeys:
    """The log's keys as a command finds them, which names nothing that has no name yet."""
    return LogKeys(folder, folder.log_origin() or default)


def _key(pem: SigningPem, name: str) -> LogKey:
    private = load_pem_private_key(pem.pem, None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError("a key of the log is not an Ed25519 key")
    public = private.public_key().public_bytes_raw()
    return LogKey(VerifierKey(name, public), pem.signs_from, private)
