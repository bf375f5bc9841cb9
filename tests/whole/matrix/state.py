"""What the database holds, in one word."""

import asyncpg

_TABLES = """
    SELECT quote_ident(relname) AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
# What a refused call may leave: that it was refused. No body was opened and nothing decided.
_MARKS = "('refusal', 'refused_calls', 'rehearsal')"
_BUT_MARKS = {
    "day_count": "WHERE t.kind <> 'refusals'",
    "log_entry": f"WHERE t.kind NOT IN {_MARKS}",
    "log_pending": f"JOIN log_entry e ON e.id = t.entry_id WHERE e.kind NOT IN {_MARKS}",
}


async def fingerprint(tables: asyncpg.Pool) -> list[str]:
    """Count and sum of all rows of each table, and of the transactions that wrote them."""
    names = [row["name"] for row in await tables.fetch(_TABLES)]
    parts = " UNION ALL ".join(map(_part, names))
    # PostgreSQL may read the tables in parallel, and then answers in any order.
    return sorted(row["found"] for row in await tables.fetch(parts))


def _part(name: str) -> str:
    row = "hashtextextended(t.xmin::text || t.ctid::text || t::text, 0)"
    return (
        f"SELECT '{name} ' || count(*) || ' ' || coalesce(sum({row}), 0) AS found"  # noqa: S608
        f" FROM {name} t {_BUT_MARKS.get(name, '')}"
    )
