"""The catalog of a database as lines of text, so that two databases can be compared."""

import asyncpg

# Of tables, what a declaration can say. A column that was dropped leaves its number behind, which
# nobody sees, so columns are numbered as they stand.
TABLES = """
    SELECT format('table %s: %s', relname, obj_description(oid, 'pg_class'))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL
    SELECT format('column %s.%s no %s: %s null=%s default=%s identity=%s: %s', c.relname,
        a.attname, rank() OVER (PARTITION BY c.oid ORDER BY a.attnum),
        format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), a.attidentity, col_description(c.oid, a.attnum))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped
UNION ALL
    SELECT format('constraint %s of %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 't'
UNION ALL
    SELECT format('index: %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
"""

# And what only a migration can.
BESIDES = """
    SELECT format('relation %s: %s of %s, row security %s, forced %s', relname, relkind,
        relowner::regrole, relrowsecurity, relforcerowsecurity)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL
    SELECT format('stored %s.%s: %s %s', c.relname, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attstorage)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
    SELECT format('trigger: %s', pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
UNION ALL
    SELECT format('policy: %s', p) FROM pg_policies p
UNION ALL
    SELECT format('function of %s: %s', proowner::regrole, pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
    SELECT format('type %s: %s', typname, typtype)
    FROM pg_type WHERE typnamespace = 'public'::regnamespace
UNION ALL
    SELECT format('granted on %s: %s', a.thing, aclexplode(a.acl)) FROM (
        SELECT oid::regclass::text, coalesce(relacl,
            acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s.%s', attrelid::regclass, attname), attacl FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        UNION ALL SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'schema', nspacl FROM pg_namespace WHERE nspname = 'public'
        UNION ALL SELECT format('default %s', defaclobjtype), defaclacl FROM pg_default_acl
    ) AS a (thing, acl)
"""


async def tables(connection: asyncpg.Connection) -> set[str]:
    """The tables but Alembic's own, with columns, constraints, indexes and comments."""
    return {line for line in await _lines(connection, TABLES) if "alembic_version" not in line}


async def everything(connection: asyncpg.Connection) -> set[str]:
    """The tables, and functions, triggers, policies, types and who was granted what."""
    return await _lines(connection, f"{TABLES} UNION ALL {BESIDES}")


async def _lines(connection: asyncpg.Connection, query: str) -> set[str]:
    return {line for (line,) in await connection.fetch(query)}
