"""Takes from the roles of the service what PostgreSQL lets every login do, and they do not need.

An administrator alone can do that, once in each database; the owner of the tables can see whether
it was done.
"""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_log = logging.getLogger(__name__)

IS_ADMINISTRATOR = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"

OPEN_FUNCTIONS = r"""
    SELECT CAST(CAST(p.oid AS regprocedure) AS text) AS signature, p.proname LIKE 'pg%' AS counts
    FROM pg_proc p WHERE p.pronamespace = CAST('pg_catalog' AS regnamespace)
        AND (p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite')
            OR p.proname ~ ('^pg_stat_get_(xact_)?(numscans|blocks_|tuples_|live_tuples|dead_tuples'
                '|mod_since|ins_since)')
            OR p.proname IN ('pg_relation_size', 'pg_table_size', 'pg_total_relation_size',
                'pg_indexes_size', 'pg_database_size'))
        AND has_function_privilege('tsunagu_api', p.oid, 'EXECUTE')
    ORDER BY 1
"""
"""Functions that make or read large objects, and those that count or measure rows of tables."""

OWNER_OF_TABLES = """
    SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class
    WHERE relnamespace = CAST('public' AS regnamespace) AND relname = 'case'
"""

MAY_MAKE_TABLES = "SELECT has_database_privilege('tsunagu_api', current_database(), 'TEMPORARY')"

OWN_SETTINGS = """
    SELECT r.rolname AS role, d.datname AS database, split_part(c, '=', 1) AS name
    FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN unnest(s.setconfig) AS c
    WHERE r.rolname IN ('tsunagu_api', 'tsunagu_worker')
        AND (d.datname IS NULL OR d.datname = current_database())
    ORDER BY 1, 2, 3
"""
"""Settings with which sessions of the roles begin. A role can make them for itself, which
PostgreSQL does not let anybody forbid."""


async def narrow(connection: "Connection[Record]") -> None:
    """Revoke what the roles do not need, as far as this login may, and warn of what is left.

    Settings of the roles are named: they may be an operator's. Those of the service (`app.…`) no
    role can make for itself.
    """
    if await connection.fetchval(IS_ADMINISTRATOR):
        await _revoke(connection)
    left = [row["signature"] for row in await connection.fetch(OPEN_FUNCTIONS)]
    if left or await connection.fetchval(MAY_MAKE_TABLES):
        _log.warning(
            "The logins of the service may make large objects or temporary tables, or count rows."
            " What an administrator has to do once: docs/en/operation.md#roles."
        )
    for row in await connection.fetch(OWN_SETTINGS):
        _log.warning("The role %s has a setting of its own: %s.", row["role"], row["name"])


async def _revoke(connection: "Connection[Record]") -> None:
    owner = await connection.fetchval(OWNER_OF_TABLES)
    for row in await connection.fetch(OPEN_FUNCTIONS):
        await connection.execute(f"REVOKE EXECUTE ON FUNCTION {row['signature']} FROM PUBLIC")
        if row["counts"]:
            await connection.execute(
                f"GRANT EXECUTE ON FUNCTION {row['signature']} TO pg_monitor, {owner}"
            )
    name = await connection.fetchval("SELECT quote_ident(current_database())")
    if await connection.fetchval(MAY_MAKE_TABLES):
        await connection.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
