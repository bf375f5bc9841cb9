"""Discards WAL from before now, and looks for files that belong to no table."""

from typing import Any

LAST = r"""
    SELECT max(name) AS name, count(*) FILTER (
        WHERE substr(name, 9) > substr(pg_walfile_name(pg_current_wal_lsn()), 9)) AS ahead
    FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'
"""
SWITCH = "SELECT pg_switch_wal()"
CHECKPOINT = "CHECKPOINT"
LEFT = r"""
    SELECT EXISTS (SELECT FROM pg_ls_waldir()
        WHERE name ~ '^[0-9A-F]{24}$' AND substr(name, 9) <= substr($1, 9))
"""
UNKNOWN = r"""
    SELECT f.name FROM pg_database d
    CROSS JOIN LATERAL pg_ls_dir('base/' || d.oid, true, false) AS f (name)
    WHERE d.datname = current_database() AND f.name ~ '^[0-9]+' AND substring(
        f.name FROM '^[0-9]+')::oid NOT IN (
        SELECT pg_relation_filenode(c.oid) FROM pg_class c
        WHERE pg_relation_filenode(c.oid) IS NOT NULL)
"""
MOST_AHEAD = 256
"""Files that may lie ready for later WAL, and hold what was erased: each is used up by a switch."""
LONGEST_CHECKPOINT = 600.0
"""Seconds that a checkpoint may take."""


async def discard_wal(connection: Any) -> bool:
    """Discard all WAL that was written so far; false if something keeps a part of it.

    WAL goes up to the last checkpoint but one, so it takes at least two. Files that a server with
    `wal_recycle` had kept to be used again lie ahead, under later names: they have to be passed.

    Raises:
        asyncpg.InsufficientPrivilegeError: the worker may not do it.
    """
    last = await connection.fetchrow(LAST)
    for _ in range(min(last["ahead"], MOST_AHEAD) + 3):
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = {LONGEST_CHECKPOINT:.0f}000")
            await connection.execute(SWITCH)
            await connection.execute(CHECKPOINT, timeout=LONGEST_CHECKPOINT)
        if not await connection.fetchval(LEFT, last["name"]):
            return True
    return False


async def unknown_files(connection: Any) -> set[str]:
    """Files in the folder of the database that belong to no table, as a crash may leave them.

    A file that another transaction is just making is among them, too.

    Raises:
        asyncpg.InsufficientPrivilegeError: the worker may not look.
    """
    return {row["name"] for row in await connection.fetch(UNKNOWN)}
