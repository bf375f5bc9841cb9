"""Putting what lies under an old master key under the active one, a few rows at a time.

Any number may do it at once and die in the middle: each batch is a transaction of its own, a row is
replaced only while it is what was read, and whoever begins again passes over what is done.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.keys.vault import PURPOSE, bound
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
"""Rows that are looked at in one transaction."""
LOOK_EVERY = 5.0
"""Seconds between two looks whether there is something to do."""
REST = 300.0
"""Seconds of rest after a pass that could move nothing: those rows cannot be opened."""
START = (UUID(int=0), "")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pass:
    """One way through all keys, in the order of their primary key."""

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
        self._pass: Pass | None = None
        self._look_at = ticks()
        self.moved = 0
        """Rows that were put under the active master key so far."""

    async def step(self) -> int:
        """Look at one batch, and say how many rows it had; 0 when there is nothing to do now.

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
            self._pass = Pass(due)
        return await self._batch(self._pass)

    async def due(self) -> list[int]:
        """The old master keys, of those that are here, under which something still lies.

        That nothing lies under the others is noted, with the moment.
        """
        # The keys first: what is added in between is not old.
        masters = await self._service.masters()
        newest = max((m.version for m in masters if m.active), default=0)
        old = [m.version for m in masters if m.version < newest]
        used = await self._database.fetchval(USED)
        await self._database.execute(NOTE, self._clock(), sorted(v for v in old if v not in used))
        return [version for version in old if version in used]

    async def _batch(self, current: Pass) -> int:
        rows = await self._database.fetch(KEYS, current.masters, *current.after, BATCH)
        if rows:
            due = [row for row in rows if row["master"] in current.masters]
            owners = [bound(row["referral_id"], row["class"]) for row in due]
            found = await self._rewrapped(owners, [_stored(row, "wrapped") for row in due])
            columns = [row["referral_id"] for row in due], [row["class"] for row in due]
            current.moved += await self._write(REWRAP_KEYS, columns, due, "wrapped", found)
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
            owners = [bound(row["id"], PURPOSE) for row in due]
            found = await self._rewrapped(owners, [_stored(row, "sealed") for row in due])
            columns = [row["id"] for row in due], [row["previous"] for row in due]
            moved += await self._write(REWRAP_SECRETS, columns, due, "sealed", found)
        return moved

    async def _rewrapped(
        self, owners: Sequence[bytes], stored: Sequence[WrappedKey]
    ) -> list[WrappedKey | None]:
        """Each under the active master key; None for what cannot be opened."""
        opened = await self._opened(list(zip(owners, stored, strict=True)))
        good = [(owner, key) for owner, key in zip(owners, opened, strict=True) if key is not None]
        wrapped = iter(await self._service.wrap(good) if good else [])
        return [None if key is None else next(wrapped) for key in opened]

    async def _opened(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes | None]:
        if not keys:
            return []
        try:
            return list(await self._service.unwrap(keys))
        except CannotOpen:
            if len(keys) == 1:
                _log.error("a key under master key %d cannot be opened", keys[0][1].master)
                return [None]
            half = len(keys) // 2
            return [*await self._opened(keys[:half]), *await self._opened(keys[half:])]

    async def _write(
        self,
        statement: str,
        columns: tuple[list[object], list[object]],
        rows: Sequence["Record"],
        old: str,
        new: Sequence[WrappedKey | None],
    ) -> int:
        """Replace what is still as it was read; how many that were."""
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


def _stored(row: "Record", column: str) -> WrappedKey:
    return WrappedKey(row["master"], row[column])
