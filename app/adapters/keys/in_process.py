"""The key service that needs nothing: master keys of the key folder, in this very process."""

import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.keys.vault import NONCE, decrypt, encrypt, random_parts
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import Master, MasterKey, MasterMissing, WrappedKey

_LOOK_EVERY = 1.0
"""Seconds between two looks at the folder."""

_log = logging.getLogger(__name__)


class MasterKeys(Protocol):
    """Where master keys lie."""

    def master_mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def masters(self) -> tuple[MasterKey, ...]:
        """Every master key, by version."""
        ...


class FolderKeys:
    """Wraps and opens without waiting for anybody. A key that is added is noticed in a second.

    Raises:
        OSError, ValueError: a key cannot be read (when it is made; later, the ones in use stay).
    """

    def __init__(
        self, source: MasterKeys, clock: Clock, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._clock = clock
        self._ticks = ticks
        self._begins: dict[int, datetime | None] = {}
        self._ciphers: dict[int, AESGCM] = {}
        self._only: int | None = None
        self._mark: Hashable = source.master_mark()
        self._take(source.masters())
        self._looked = ticks()

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        """Keys as they may be stored, under the active master key."""
        if not self._begins:
            self._look()  # a first start makes the first key after us
        self._look_sometimes()
        version = self._only or active(self._begins, self._clock())
        if version is None:
            raise MasterMissing("there is no master key")
        cipher = self._ciphers[version]
        nonces = random_parts(len(keys), NONCE)
        return [
            WrappedKey(version, encrypt(cipher, key, aad, nonce))
            for (aad, key), nonce in zip(keys, nonces, strict=True)
        ]

    async def unwrap(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes]:
        """The keys, each under the master key that wrapped it."""
        self._look_sometimes()
        return [decrypt(self._cipher(stored.master), stored.wrapped, aad) for aad, stored in keys]

    async def masters(self) -> list[Master]:
        """The master keys that lie in the folder now."""
        begins = {key.version: key.wraps_from for key in self._source.masters()}
        now = active(begins, self._clock())
        return [Master(version, begin, version == now) for version, begin in begins.items()]

    async def aclose(self) -> None:
        """There is nothing to let go of."""

    def _cipher(self, version: int) -> AESGCM:
        cipher = self._ciphers.get(version)
        if cipher is None:
            # Another process may use one already that was added a moment ago.
            self._look()
            cipher = self._ciphers.get(version)
        if cipher is None:
            raise MasterMissing(f"master key {version} is not here")
        return cipher

    def _look_sometimes(self) -> None:
        if self._ticks() - self._looked >= _LOOK_EVERY:
            self._look()

    def _look(self) -> None:
        self._looked = self._ticks()
        try:
            if (mark := self._source.master_mark()) != self._mark:
                self._take(self._source.masters())
                self._mark = mark
        except (OSError, ValueError):
            # A half-copied or unreadable key must not stop a service that has good ones.
            _log.exception("the master keys cannot be read again; the ones in use stay")

    def _take(self, keys: Sequence[MasterKey]) -> None:
        found = {key.version: key for key in keys}
        newest = max(self._begins, default=None)
        if newest is not None and newest not in found:
            # Old keys are retired, the newest never: this is a folder that went away.
            raise ValueError("the newest master key is gone")
        self._begins = {version: key.wraps_from for version, key in found.items()}
        # Whichever its time, a single one wraps: no clock has to be asked.
        self._only = next(iter(found)) if len(found) == 1 else None
        self._ciphers = {version: AESGCM(key.secret) for version, key in found.items()}


def active(begins: Mapping[int, datetime | None], at: datetime) -> int | None:
    """The version that wraps: the highest whose time has come, or the first if none has."""
    begun = [version for version, begin in begins.items() if begin is None or begin <= at]
    return max(begun, default=None) or min(begins, default=None)
