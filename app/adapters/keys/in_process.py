"""The key service within this process: it uses the master keys of the key folder."""

import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.keys.vault import NONCE, decrypt, encrypt, random_parts
from app.domain.calendar.clock import Clock
from app.domain.errors import raised_at
from app.domain.keys.ports import Master, MasterKey, MasterMissing, WrappedKey

_RELOAD_EVERY = 1.0
"""Seconds between two looks at the folder."""

_log = logging.getLogger(__name__)


class MasterKeys(Protocol):
    """Where master keys are stored."""

    def master_mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def masters(self) -> tuple[MasterKey, ...]:
        """Every master key, by version."""
        ...


class FolderKeys:
    """Wraps and unwraps with keys in memory. A key that is added is in use within a second.

    Raises:
        OSError, ValueError: a key cannot be read (at construction; later the ones in use stay).
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
        self._use(source.masters())
        self._reloaded_at = ticks()

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        """Wrap keys with the active master key, to be stored."""
        if not self._begins:
            self._reload()  # at the first start the first key is made after this object
        self._reload_when_due()
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
        """Unwrap keys, each with the master key that wrapped it."""
        self._reload_when_due()
        return [decrypt(self._cipher(stored.master), stored.wrapped, aad) for aad, stored in keys]

    async def masters(self) -> list[Master]:
        """The master keys that are in the folder now."""
        begins = {key.version: key.wraps_from for key in self._source.masters()}
        now = active(begins, self._clock())
        return [Master(version, begin, version == now) for version, begin in begins.items()]

    async def aclose(self) -> None:
        """Nothing to close."""

    def _cipher(self, version: int) -> AESGCM:
        cipher = self._ciphers.get(version)
        if cipher is None:
            # Another process may already use a key that was added a moment ago.
            self._reload()
            cipher = self._ciphers.get(version)
        if cipher is None:
            raise MasterMissing(f"master key {version} is not here")
        return cipher

    def _reload_when_due(self) -> None:
        if self._ticks() - self._reloaded_at >= _RELOAD_EVERY:
            self._reload()

    def _reload(self) -> None:
        self._reloaded_at = self._ticks()
        try:
            if (mark := self._source.master_mark()) != self._mark:
                self._use(self._source.masters())
                self._mark = mark
        except (OSError, ValueError) as error:
            # A half-copied or unreadable key must not stop a service that has good ones.
            _log.error(
                "the master keys cannot be read again; the ones in use stay: %s", raised_at(error)
            )

    def _use(self, keys: Sequence[MasterKey]) -> None:
        by_version = {key.version: key for key in keys}
        newest = max(self._begins, default=None)
        if newest is not None and newest not in by_version:
            # Old keys are retired, the newest never: the folder itself must be gone.
            raise ValueError("the newest master key is gone")
        self._begins = {version: key.wraps_from for version, key in by_version.items()}
        # A single key wraps whatever its time, so the clock is not needed.
        self._only = next(iter(by_version)) if len(by_version) == 1 else None
        self._ciphers = {version: AESGCM(key.secret) for version, key in by_version.items()}


def active(begins: Mapping[int, datetime | None], at: datetime) -> int | None:
    """The version that wraps at `at`: the highest that has begun, or the first if none has."""
    in_use = [version for version, begin in begins.items() if begin is None or begin <= at]
    return max(in_use, default=None) or min(begins, default=None)
