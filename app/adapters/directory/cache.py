"""The directory of agencies in memory, read again when it has changed in the database."""

import asyncio
import json
import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from app.domain.directory.agencies import Agency, Directory

if TYPE_CHECKING:
    from asyncpg import Pool, Record
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]

_VERSION = "SELECT version FROM directory_version"
# One statement, so that the version and the rows are of the same moment.
_LOAD = """
    SELECT a.id, a.kind, a.name, a.name_en, a.prefecture, a.poi_code, a.connected,
           a.services::text AS services, a.note, a.disabled_at IS NOT NULL AS disabled,
           j.flows, j.areas, (SELECT version FROM directory_version) AS version
    FROM agency a
    LEFT JOIN (
        SELECT agency_id, array_agg(flow) AS flows, array_agg(area) AS areas
        FROM jurisdiction GROUP BY agency_id
    ) j ON j.agency_id = a.id
"""

_log = logging.getLogger(__name__)


async def load(connection: "Connection") -> Directory:
    """The directory as it is in the database now."""
    rows = await connection.fetch(_LOAD)
    return Directory.of(map(_agency, rows), rows[0]["version"] if rows else 0)


class DirectoryCache:
    """The directory in memory: `current` costs nothing, and is as old as the last `refresh`."""

    def __init__(self, pool: "Pool[Record]", pause: timedelta = timedelta(seconds=2)) -> None:
        self._pool = pool
        self._pause = pause.total_seconds()
        self._directory: Directory | None = None

    def current(self) -> Directory:
        """The directory as of the last `refresh`.

        Raises:
            RuntimeError: it was never read; call `refresh` first.
        """
        if self._directory is None:
            raise RuntimeError("the directory was not read yet")
        return self._directory

    async def refresh(self) -> bool:
        """Read the directory again if it has changed, and say whether it had."""
        async with self._pool.acquire() as connection:
            cached = self._directory
            if cached and await connection.fetchval(_VERSION) == cached.version:
                return False
            self._directory = await load(connection)
            return True

    async def watch(self) -> None:
        """Refresh every few seconds, until cancelled. While the database is away, the old stays."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.refresh()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("directory not refreshed: %s", type(error).__name__)


def _agency(row: "Record") -> Agency:
    areas = zip(row["flows"] or (), row["areas"] or (), strict=True)
    return Agency(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        prefecture=row["prefecture"],
        name_en=row["name_en"],
        connected=row["connected"],
        areas=frozenset(areas),
        services=_services(json.loads(row["services"])),
        poi_code=row["poi_code"],
        note=row["note"],
        disabled=row["disabled"],
    )


def _services(stored: dict[str, Any]) -> dict[str, date | None]:
    return {name: date.fromisoformat(day) if day else None for name, day in stored.items()}
