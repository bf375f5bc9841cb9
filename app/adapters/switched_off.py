"""Who is switched off, kept in memory, so that a token stops working before it expires."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Pool, Record

_VERSION = "SELECT version FROM directory_version"
_DISABLED = """
    SELECT (disabled_callers() || jsonb_build_object('agencies', (
        SELECT coalesce(jsonb_agg(id), '[]') FROM agency WHERE disabled_at IS NOT NULL
    )))::text
"""

_log = logging.getLogger(__name__)


class SwitchedOff:
    """The disabled agencies, seats and clients, as old as the last `refresh`.

    Those that are disabled are remembered, not those that are active: what was added a moment ago
    works at once.
    """

    def __init__(self, pool: "Pool[Record]", pause: timedelta = timedelta(seconds=1)) -> None:
        self._pool = pool
        self._pause = pause.total_seconds()
        self._version: int | None = None
        self._clients: frozenset[str] = frozenset()
        self._seats: frozenset[str] = frozenset()
        self._agencies: frozenset[str] = frozenset()

    def is_active(self, client_id: str, seat_id: str, agency_id: str) -> bool:
        """Whether none of the three is known to be disabled."""
        return not (
            client_id in self._clients or seat_id in self._seats or agency_id in self._agencies
        )

    async def refresh(self) -> bool:
        """Read the names again if the directory has changed, and say whether it had."""
        async with self._pool.acquire() as connection:
            # The version first: a change in between is then read at the next look, not missed.
            version = await connection.fetchval(_VERSION)
            if version == self._version:
                return False
            disabled = json.loads(await connection.fetchval(_DISABLED))
        self._clients = frozenset(disabled["clients"])
        self._seats = frozenset(disabled["seats"])
        self._agencies = frozenset(disabled["agencies"])
        self._version = version
        return True

    async def watch(self) -> None:
        """Refresh every second, until cancelled. While the database is away, the old stays."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.refresh()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("disabled names not refreshed: %s", type(error).__name__)
