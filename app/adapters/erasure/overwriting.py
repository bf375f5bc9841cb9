"""Removes what erased keys and days leave in the files of the database and in its WAL.

A deleted row stays in the file of its table, and what wrote it stays in WAL, until something else
is written there. So the tables are written into new files, and the WAL from before is discarded.
"""

import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from app.adapters.erasure.wal import discard_wal, unknown_files
from app.domain.calendar.clock import Clock
from app.domain.erasure.objections import OVERWRITE_WITHIN

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

TABLES = ("referral_key", "held_key", "webhook", "deadline", "consent")
"""Tables with wrapped keys and secrets, or of which erasure deletes rows in clear."""

DUE = "SELECT overwriting_due($1)"
OBSTACLES = "SELECT overwriting_figures($1)"
TO_OVERWRITE = "SELECT referral_id, class FROM erasures_to_overwrite($1)"
REWRITE = "SELECT rewrite_table($1)"
NOTE = "SELECT note_overwritten($1, $2, $3, $4)"
LOCK = "SELECT pg_try_advisory_lock($1)"
UNLOCK = "SELECT pg_advisory_unlock($1)"
ONE_AT_A_TIME = 7586_1234_0002
"""The advisory lock of whoever overwrites; the number means nothing."""

OVERWRITE_PAUSE = timedelta(milliseconds=1_200)
"""With the wait for a lock of requests (1.5 seconds) in mind: none of them has to give up."""
MOST = 100_000
"""Erasures that one overwriting notes. Those that are left are noted by the next."""
LOOK_EVERY = 60.0
"""Seconds between two looks, also after a table was in use."""
LARGE_WORK_EVERY = 600.0
"""Seconds until another try, after one that was not cheap."""
KEPT = re.compile(r"\d+")
"""The first number in the detail of the INFO of CLUSTER, in any language: the rows that it kept."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Incomplete(Exception):
    """Something of what was erased may still be there.

    Args:
        reason: what keeps it; a code.
        again: seconds after which trying again may help; None if an operator has to act first.
        files: those that may hold it, in the folder of the database.
    """

    def __init__(self, reason: str, again: float | None = None, files: Iterable[str] = ()) -> None:
        self.reason = reason
        self.again = again
        self.files = sorted(files)
        super().__init__(" ".join((reason, *self.files)))


class KeyOverwriting:
    """Overwrites erased keys by the time that is set. One worker does it, of any number.

    Args:
        within: how long after an erasure its traces may be there. Half of it is for trying again.
        pause: for how long nobody may read or write a table that is rewritten.
    """

    def __init__(
        self,
        pool: "Pool",
        clock: Clock,
        within: timedelta = OVERWRITE_WITHIN,
        pause: timedelta = OVERWRITE_PAUSE,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._within = within
        self._pause = pause
        self._ticks = ticks
        self._look_at = ticks()
        self._logged = ""

    async def step(self) -> int:
        """Overwrite if it is due; 1 if all was overwritten."""
        if self._ticks() < self._look_at:
            return 0
        self._look_at = self._ticks() + LOOK_EVERY
        if not await self._pool.fetchval(DUE, self._clock() - self._within / 2):
            return 0
        try:
            await self.run()
        except Incomplete as incomplete:
            again = incomplete.again or self._within.total_seconds() / 2
            self._look_at = self._ticks() + again
            self._tell(str(incomplete))
            return 0
        self._logged = ""
        return 1

    async def run(self) -> None:
        """Overwrite what was erased so far, and note it.

        Whenever it ends early, or is killed, nothing is noted, and the next run does it all.

        Raises:
            Incomplete: something may still be there.
        """
        async with self._pool.acquire() as connection:
            if not await connection.fetchval(LOCK, ONE_AT_A_TIME):
                raise Incomplete("another_worker", LOOK_EVERY)
            try:
                await self._overwrite(connection)
            finally:
                if not connection.is_closed():
                    await connection.execute(UNLOCK, ONE_AT_A_TIME)

    async def _overwrite(self, connection: Any) -> None:
        began = self._clock()
        erased = await connection.fetch(TO_OVERWRITE, MOST)
        unknown = await _rights(unknown_files(connection))
        kept = [table for table in TABLES if await self._rewrite(connection, table)]
        obstacles = json.loads(await connection.fetchval(OBSTACLES, began))["obstacles"]
        discarded = await _rights(discard_wal(connection))
        if kept:
            raise Incomplete("old_snapshot", LARGE_WORK_EVERY)
        if "wal_recycle" in obstacles:
            raise Incomplete("wal_recycle")
        if not discarded:
            raise Incomplete("wal_kept")
        if unknown := unknown & await _rights(unknown_files(connection)):
            raise Incomplete("unknown_files", files=unknown)
        columns = [r["referral_id"] for r in erased], [r["class"] for r in erased]
        await connection.execute(NOTE, began, self._clock(), *columns)

    async def _rewrite(self, connection: Any, table: str) -> int:
        """Rewrite a table, and say how many dead rows were kept for older snapshots.

        Raises:
            Incomplete: others use the table, or it is too large for the pause.
        """
        details: list[str] = []

        def note(_: Any, message: Any) -> None:
            if message.detail and (kept := KEPT.search(message.detail)):
                details.append(kept[0])

        milliseconds = self._pause // timedelta(milliseconds=1)
        connection.add_log_listener(note)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL statement_timeout = {milliseconds}")
                await connection.execute(
                    REWRITE, table, timeout=self._pause.total_seconds() + LOOK_EVERY
                )
        except asyncpg.LockNotAvailableError:
            raise Incomplete(f"{table}_in_use", LOOK_EVERY) from None
        except asyncpg.QueryCanceledError:
            raise Incomplete(f"{table}_takes_longer_than_the_pause", LARGE_WORK_EVERY) from None
        finally:
            connection.remove_log_listener(note)
        if not details:
            raise Incomplete("cluster_is_silent")
        return int(details[-1])

    def _tell(self, reason: str) -> None:
        """Log a reason once, until it changes or an overwriting was complete."""
        if reason != self._logged:
            _log.warning("erased keys are not overwritten yet (%s)", reason)
        self._logged = reason


async def _rights(work: Awaitable[T]) -> T:
    """What `work` returns.

    Raises:
        Incomplete: the worker has no right to do it.
    """
    try:
        return await work
    except asyncpg.InsufficientPrivilegeError:
        raise Incomplete("overwriting_rights") from None
