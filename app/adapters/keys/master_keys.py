"""The status of each master key: how many keys it wraps, and whether it is still needed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.domain.keys.ports import KeyService, MasterUse, master_use

if TYPE_CHECKING:
    from app.adapters.database.pool import Connection, Pool

# For the command line only: it reads the whole index.
COUNTS = """
    SELECT master, sum(rows)::bigint AS rows FROM (
        SELECT master, count(*) AS rows FROM referral_key GROUP BY master
        UNION ALL
        SELECT master, count(*) FROM held_key GROUP BY master
        UNION ALL
        SELECT master, count(*) FROM webhook WHERE master IS NOT NULL GROUP BY master
        UNION ALL
        SELECT old_master, count(*) FROM webhook WHERE old_master IS NOT NULL GROUP BY old_master
    ) AS each GROUP BY master
"""
UNUSED = "SELECT version, since FROM master_unused"


@dataclass(frozen=True, slots=True)
class MasterKeyStatus:
    """A master key, and the number of keys that it wraps."""

    version: int
    active: int
    """The version that wraps."""
    wraps_from: datetime | None
    here: bool
    """False if it is missing, though it wraps something."""
    rows: int | None
    """Keys and secrets that it wraps; None without a database."""
    unused_since: datetime | None

    @property
    def is_old(self) -> bool:
        """Whether a newer one is active."""
        return self.version < self.active

    def use(self, backup_age: timedelta, at: datetime) -> MasterUse:
        """What it is still used for."""
        rows = 1 if self.rows is None else self.rows
        return master_use(self.version, self.active, rows, self.unused_since, backup_age, at)

    def retirable_from(self, backup_age: timedelta) -> datetime | None:
        """From when on it may be removed; None while something needs it."""
        if self.rows or self.unused_since is None:
            return None
        return self.unused_since + backup_age


async def master_key_statuses(
    service: KeyService, database: "Pool | Connection | None"
) -> list[MasterKeyStatus]:
    """Every master key that exists or is needed, by version. Without a database: that exists.

    Raises:
        KeyServiceAway: the key service does not answer.
    """
    masters = {m.version: m for m in await service.masters()}
    active = max((m.version for m in masters.values() if m.active), default=0)
    rows = await _read(database, COUNTS, "master", "rows")
    unused = await _read(database, UNUSED, "version", "since")
    return [
        MasterKeyStatus(
            version,
            active,
            masters[version].wraps_from if version in masters else None,
            version in masters,
            rows.get(version, 0) if database else None,
            unused.get(version),
        )
        for version in sorted(masters.keys() | rows.keys())
    ]


async def _read(
    database: "Pool | Connection | None", query: str, key: str, value: str
) -> dict[int, Any]:
    return {row[key]: row[value] for row in await database.fetch(query)} if database else {}
