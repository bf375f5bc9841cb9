# ruff: noqa: S608 - put together from our own constants
"""Copies the rows of a case that was played until there are as many as years would bring."""

from datetime import date, timedelta

import asyncpg

from app.domain.directory.agencies import Directory

TABLES = (
    "case", "referral", "referral_key", "party", "deadline", "message", "segment", "copy",
    "delivery_term", "retention", "consent", "inbox_item", "referral_change", "log_entry",
    "log_leaf", "log_reader",
)  # fmt: skip
"""The tables that grow with referrals. Notices and attempts are made from the inboxes."""
AT_ONCE = 20_000
"""Cases that one statement copies."""
KINDS = ("prison", "probation_office", "settlement_center")
ROOM = 20
"""Positions of a mailbox that one case takes at most."""
ROTATED = {"agency_id", "from_agency", "caller_agency", "sender", "recorded_by", "acting_agency"}
AGES = "(2000000 - n) * interval '20 seconds'"
"""How long ago a case was: what is copied last is the newest."""
VALUES = {
    "referral.reference": "x.reference || n",
    "inbox_item.position": f"x.position + n * {ROOM}",
    "inbox_item.opened_at": f"CASE WHEN n % 50 > 0 THEN x.accepted_at - {AGES} END",
    "inbox_item.acknowledged_at": f"CASE WHEN n % 50 > 0 THEN x.accepted_at - {AGES} END",
    "referral_change.number": f"x.number + n * {ROOM}",
    "delivery_term.next_at": "NULL",
}
"""Columns that are not simply copied; the others are by their type."""
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, NULL) AS type FROM pg_attribute a
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' ORDER BY a.attnum
"""
FUNCTIONS = """
    CREATE SCHEMA IF NOT EXISTS bench_growth;
    CREATE TABLE IF NOT EXISTS bench_growth.agency (kind text, nth integer, id text UNIQUE);
    CREATE OR REPLACE FUNCTION bench_growth.id(p uuid, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT md5(p::text || n)::uuid $$;
"""
ROTATIONS = """
    CREATE TEMP TABLE rotation AS SELECT old.id AS was, array_agg(new.id ORDER BY new.nth) AS ids
    FROM bench_growth.agency old JOIN bench_growth.agency new USING (kind) GROUP BY old.id;
    ALTER TABLE rotation ADD PRIMARY KEY (was)
"""
"""Rows are spread over the agencies of a kind."""
HEADS = """
    UPDATE mailbox m SET head = coalesce((SELECT max(position) FROM inbox_item i
            WHERE i.agency_id = m.agency_id), 0),
        changes = coalesce((SELECT max(number) FROM referral_change c
            WHERE c.agency_id = m.agency_id), 0)
"""
# Those that have come were told, but for one in a hundred, of which its agency may not know yet.
DEADLINES = """
    UPDATE deadline SET told_at = CASE WHEN hashtext(referral_id::text) % 100 <> 0 THEN now() END,
        ask_on = CASE WHEN hashtext(referral_id::text) % 100 = 0 THEN due_on + 36500 END
    WHERE due_on < $1
"""
WEBHOOKS = """
    INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at, changed_at)
    SELECT gen_random_uuid(), a.id, a.id || '.system', a.id || '.decider',
        'https://receiver.invalid/' || a.id, 'active', now(), now() FROM bench_growth.agency a
"""
NOTICES = """
    INSERT INTO notice (id, webhook_id, agency_id, position, referral_id, message_id, payload,
        created_at, since, attempts, due_at, state, settled_at)
    SELECT gen_random_uuid(), w.id, i.agency_id, i.position, i.referral_id, i.message_id, '{}',
        i.accepted_at, i.accepted_at, 1, i.accepted_at, 'delivered', i.accepted_at
    FROM inbox_item i JOIN webhook w ON w.agency_id = i.agency_id
"""
ATTEMPTS = """
    INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome, status, took_ms)
    SELECT id, 1, webhook_id, agency_id, settled_at, 'delivered', 204, 12 FROM notice
"""


async def keep_rows(admin: "asyncpg.Connection[asyncpg.Record]", schema: str) -> None:
    """Keep the rows of the case that was played last in tables of this schema."""
    await admin.execute(f"CREATE SCHEMA {schema}")
    for table in TABLES:
        known = ""
        if schema != "long" and await admin.fetchval("SELECT to_regclass($1)", f'long."{table}"'):
            known = f'WHERE to_jsonb(x) NOT IN (SELECT to_jsonb(y) FROM long."{table}" y)'
        await admin.execute(
            f'CREATE TABLE {schema}."{table}" AS SELECT * FROM public."{table}" x {known}'
        )


async def copy_rows(
    admin: "asyncpg.Connection[asyncpg.Record]",
    directory: Directory,
    schema: str,
    first: int,
    count: int,
) -> int:
    """Copy a case so often; how many rows that wrote."""
    await admin.execute(FUNCTIONS)
    await admin.executemany(
        "INSERT INTO bench_growth.agency VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [
            (kind, nth, agency.id)
            for kind in KINDS
            for nth, agency in enumerate(a for a in directory.agencies if a.kind == kind)
        ],
    )
    await admin.execute(f"DROP TABLE IF EXISTS rotation; {ROTATIONS}")
    leaves = await admin.fetchval("SELECT count(*) FROM log_leaf")
    written = 0
    for table in TABLES:
        statement = await _copying(admin, schema, table, first, leaves)
        for start in range(first, first + count, AT_ONCE):
            end = min(start + AT_ONCE, first + count) - 1
            tag = await admin.execute(statement.format(start=start, end=end))
            written += int(tag.split()[-1])
    return written


async def finish(admin: "asyncpg.Connection[asyncpg.Record]", today: date) -> None:
    """Write what follows from the copied rows."""
    await admin.execute(DEADLINES, today + timedelta(days=60))
    for statement in (HEADS, WEBHOOKS, NOTICES, ATTEMPTS):
        await admin.execute(statement)
    await admin.execute("DROP SCHEMA long, short, bench_growth CASCADE")


async def _copying(
    admin: "asyncpg.Connection[asyncpg.Record]", schema: str, table: str, first: int, leaves: int
) -> str:
    """A statement that copies the rows of a table for the cases from {start} to {end}."""
    kept = f'(SELECT min(index) AS least, count(*) AS leaves FROM {schema}."log_leaf")'
    values = {}
    for name, of_type in await admin.fetch(COLUMNS, f'public."{table}"'):
        column = f'x."{name}"'
        value = VALUES.get(f"{table}.{name}")
        if table in ("log_leaf", "log_reader") and name == "index":
            value = f"x.index - k.least + (n - {first}) * k.leaves + {leaves}"
        elif value is None:
            value = _value(name, of_type, column)
        values[f'"{name}"'] = value
    return (
        f'INSERT INTO public."{table}" ({", ".join(values)}) SELECT {", ".join(values.values())}'
        f' FROM generate_series({{start}}::bigint, {{end}}) AS n CROSS JOIN {schema}."{table}" x'
        f" CROSS JOIN {kept} AS k"
    )


def _value(name: str, of_type: str, column: str) -> str:
    turned = "coalesce((SELECT ids[1 + n % cardinality(ids)] FROM rotation WHERE was = {0}), {0})"
    if of_type == "uuid":
        return f"bench_growth.id({column}, n)"
    if of_type == "uuid[]":
        return f"ARRAY(SELECT bench_growth.id(u, n) FROM unnest({column}) AS u)"
    if name == "agencies":
        return f"ARRAY(SELECT {turned.format('u')} FROM unnest({column}) AS u)"
    if name in ROTATED:
        return turned.format(column)
    if of_type == "timestamp with time zone":
        return f"{column} - {AGES}"
    return column
