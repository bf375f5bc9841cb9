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
from app.domain.errors import raised_at
from app.domain.keys.ports import SigningPem
from app.domain.log.signed_note import VerifierKey

OVERLAP = timedelta(days=30)
"""How long a replaced key signs beside its successor: whoever knows only the old key can check a
checkpoint that both have signed, and learns the new key from it."""

_log = logging.getLogger(__name__)


class CheckpointKeySource(Protocol):
    """Where the keys are stored."""

    def log_mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def log_signing(self) -> tuple[SigningPem, ...]:
        """Every key, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class CheckpointKey:
    """A key that signs under the log's name, and from when."""

    key: VerifierKey
    signs_from: datetime
    _private: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, text: bytes) -> bytes:
        """The signature over `text`."""
        return self._private.sign(text)


class CheckpointKeys:
    """The keys that sign the checkpoints of the log whose origin is `name`."""

    def __init__(self, source: CheckpointKeySource, name: str) -> None:
        self._source = source
        self._name = name
        self._mark = source.log_mark()
        self._keys = self._read()

    @property
    def name(self) -> str:
        """The log's name: the origin of its checkpoints."""
        return self._name

    def signers(self, at: datetime) -> tuple[CheckpointKey, ...]:
        """The keys that sign a checkpoint at `at`: the newest that is in use, and before it the
        one that it replaced less than OVERLAP ago."""
        keys = self.all_keys()
        in_use = [key for key in keys if key.signs_from <= at] or list(keys[:1])
        recent = [old for old, new in pairwise(in_use) if new.signs_from + OVERLAP > at]
        return (*recent, *in_use[-1:])

    def public_keys(self) -> tuple[VerifierKey, ...]:
        """The public key of each, the oldest first: old checkpoints are verified too."""
        return tuple(each.key for each in self.all_keys())

    def all_keys(self) -> tuple[CheckpointKey, ...]:
        """Every key in the folder, the oldest first."""
        try:
            if (mark := self._source.log_mark()) != self._mark:
                self._keys = self._read()
                self._mark = mark
        except (OSError, ValueError) as error:
            # A half-copied key must not stop a log that has good ones.
            _log.error(
                "the log's keys cannot be read again; the ones in use stay: %s", raised_at(error)
            )
        return self._keys

    def _read(self) -> tuple[CheckpointKey, ...]:
        keys = tuple(_key(pem, self._name) for pem in self._source.log_signing())
        if not keys:
            raise ValueError("there is no key to sign the log with")
        return keys


def prepare_checkpoint_keys(
    folder: KeyFolder, at: datetime, wanted: str | None, default: str
) -> CheckpointKeys:
    """The log's keys. At the first start this makes the first key, and names the log.

    A log keeps its name for ever, since verifiers know it by that name: another address of the
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
    return CheckpointKeys(folder, name)


def existing_checkpoint_keys(folder: KeyFolder, default: str) -> CheckpointKeys:
    """The log's keys for a command, which makes no key and does not name the log."""
    return CheckpointKeys(folder, folder.log_origin() or default)


def _key(pem: SigningPem, name: str) -> CheckpointKey:
    private = load_pem_private_key(pem.pem, None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError("a key of the log is not an Ed25519 key")
    public = private.public_key().public_bytes_raw()
    return CheckpointKey(VerifierKey(name, public), pem.signs_from, private)
