"""Rewraps keys that an old master key wrapped with the active one (rotation), a batch at a time.

Any number of workers may do so at once, and be killed at any time: each batch is a transaction of
its own, a row is replaced only if it is still as it was read, and a restart skips what is done.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.keys.vault import PURPOSE, binding
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import CannotOpen, KeyService, WrappedKey

if TYPE_CHECKING:
    from asyncpg import Record

    from app.adapters.database.pool import Connection, Pool

USED = "SELECT masters_in_use()"
KEYS = "SELECT * FROM keys_of_masters($1, $2, $3, $4)"
SECRETS = "SELECT * FROM secrets_of_masters($1, $2, $3, $4)"
REWRAP_KEYS = "SELECT rewrap_keys($1, $2, $3, $4, $5)"
REWRAP_SECRETS = "SELECT rewrap_secrets($1, $2, $3, $4, $5)"
NOTE = "SELECT note_unused_masters($1, $2)"
BATCH = 200
"""Rows of one transaction."""
LOOK_EVERY = 5.0
"""Seconds between two checks for work."""
REST = 300.0
"""Seconds of rest after a pass that moved nothing: its rows cannot be unwrapped."""
START = (UUID(int=0), "")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class RewrapPass:
    """One pass over all keys, in the order of their primary key."""

    masters: list[int]
    after: tuple[UUID, str] = START
    moved: int = 0


class Rewrapping:
    """Moves keys and secrets to the active master key, and notes which old ones are unused."""

    def __init__(
        self,
        database: "Pool | Connection",
        service: KeyService,
        clock: Clock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._service = service
        self._clock = clock
        self._ticks = ticks
        self._pass: RewrapPass | None = None
        self._look_at = ticks()
        self.moved = 0
        """Rows that were rewrapped so far."""

    async def step(self) -> int:
        """Rewrap one batch, and say how many rows it had; 0 when there is nothing to do now.

        Raises:
            KeyServiceAway: the key service does not answer. Nothing is lost.
        """
        if self._pass is None:
            if self._ticks() < self._look_at:
                return 0
            self._look_at = self._ticks() + LOOK_EVERY
            if not (due := await self.due()):
                return 0
            _log.info("keys under master key %s go to the active one", due)
            self._pass = RewrapPass(due)
        return await self._batch(self._pass)

    async def due(self) -> list[int]:
        """The old master keys that are here and still wrap something.

        For the others it is noted since when they are unused.
        """
        # The master keys first: one that is added in between is not old.
        masters = await self._service.masters()
        newest = max((m.version for m in masters if m.active), default=0)
        old = [m.version for m in masters if m.version < newest]
        used = await self._database.fetchval(USED)
        await self._database.execute(NOTE, self._clock(), sorted(v for v in old if v not in used))
        return [version for version in old if version in used]

    async def _batch(self, current: RewrapPass) -> int:
        rows = await self._database.fetch(KEYS, current.masters, *current.after, BATCH)
        if rows:
            due = [row for row in rows if row["master"] in current.masters]
            owners = [binding(row["referral_id"], row["class"]) for row in due]
            rewrapped = await self._rewrap(owners, [_wrapped_key(row, "wrapped") for row in due])
            columns = [row["referral_id"] for row in due], [row["class"] for row in due]
            current.moved += await self._write(REWRAP_KEYS, columns, due, "wrapped", rewrapped)
            current.after = rows[-1]["referral_id"], rows[-1]["class"]
            return len(rows)
        current.moved += await self._secrets(current.masters)
        self._pass = None
        _log.info("%d keys were put under the active master key", current.moved)
        self._look_at = self._ticks() + (0 if current.moved else REST)
        return 1

    async def _secrets(self, masters: Sequence[int]) -> int:
        moved, after = 0, (UUID(int=0), False)
        while due := await self._database.fetch(SECRETS, masters, *after, BATCH):
            after = due[-1]["id"], due[-1]["previous"]
            owners = [binding(row["id"], PURPOSE) for row in due]
            rewrapped = await self._rewrap(owners, [_wrapped_key(row, "sealed") for row in due])
            columns = [row["id"] for row in due], [row["previous"] for row in due]
            moved += await self._write(REWRAP_SECRETS, columns, due, "sealed", rewrapped)
        return moved

    async def _rewrap(
        self, owners: Sequence[bytes], stored: Sequence[WrappedKey]
    ) -> list[WrappedKey | None]:
        """Wrap each with the active master key; None for what cannot be unwrapped."""
        keys = await self._unwrap(list(zip(owners, stored, strict=True)))
        good = [(owner, key) for owner, key in zip(owners, keys, strict=True) if key is not None]
        wrapped = iter(await self._service.wrap(good) if good else [])
        return [None if key is None else next(wrapped) for key in keys]

    async def _unwrap(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes | None]:
        """The keys; None for one that cannot be unwrapped, which is found by halving the batch."""
        if not keys:
            return []
        try:
            return list(await self._service.unwrap(keys))
        except CannotOpen:
            if len(keys) == 1:
                _log.error("a key under master key %d cannot be opened", keys[0][1].master)
                return [None]
            half = len(keys) // 2
            return [*await self._unwrap(keys[:half]), *await self._unwrap(keys[half:])]

    async def _write(
        self,
        statement: str,
        columns: tuple[list[object], list[object]],
        rows: Sequence["Record"],
        old: str,
        new: Sequence[WrappedKey | None],
    ) -> int:
        """Replace the rows that are still as they were read; how many there were."""
        good = [place for place, key in enumerate(new) if key is not None]
        if not good:
            return 0
        wrapped = [key for key in new if key is not None]
        moved: int = await self._database.fetchval(
            statement,
            *([column[place] for place in good] for column in columns),
            [rows[place][old] for place in good],
            [key.master for key in wrapped],
            [key.wrapped for key in wrapped],
        )
        self.moved += moved
        return moved


def _wrapped_key(row: "Record", column: str) -> WrappedKey:
    return WrappedKey(row["master"], row[column])
