# ruff: noqa: S608 - put together from our own constants
"""`python -m bench.growth`: what each function of the database costs, in small tables and large.

Nothing in a request or in a round of the worker may grow with the size of the tables. A case that
was played as usual, and another that was only opened, are copied by the administrator until there
are so many referrals, spread over agencies and time as if these had written them. Then every
function that the API or the worker may call is called, as the role that calls it, in transactions
that are taken back: its time, and the pages that it touches.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from uuid import UUID

import asyncpg

from app.adapters.database.logins import Urls, at_database
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.log.sealer import Sealer
from app.adapters.referrals.decision_rows import accept_arguments
from bench.growth_calls import CALLS, LEFT_OUT
from bench.growth_rows import copy_rows, finish, keep_rows
from bench.log import ORIGIN, build_tree
from bench.place import Place, place
from bench.trust import REQUEST, STEPS, CaseInProgress

USUAL = (10_000, 1_000_000)
QUICK = (1_000, 10_000)
MOST = 1.5
"""How many times the pages a call may touch in the largest tables, compared with the smallest."""
FEW = 8
"""Pages more are no growth: that is a level more of each of some indexes."""
LONG = 20
"""One referral in so many has gone on after its opening."""
SEALED = """
    INSERT INTO log_pending (entry_id) SELECT gen_random_uuid() FROM generate_series(1, 40000);
    DELETE FROM log_pending
"""
"""What is left of the queue of a busy minute until it is vacuumed."""
WARM = 6
"""Calls that are not counted: plans are made, and catalogs read."""
NOT_OURS = """
    SELECT p.proname, has_function_privilege('tsunagu_api', p.oid, 'EXECUTE') AS api
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND p.prorettype <> 'trigger'::regtype
        AND (has_function_privilege('tsunagu_api', p.oid, 'EXECUTE')
            OR has_function_privilege('tsunagu_worker', p.oid, 'EXECUTE'))
    ORDER BY p.proname
"""
SAMPLES = """
    SELECT r.case_id AS "case", r.id AS referral, o.from_agency AS prison,
        w.agency_id AS office, c.agency_id AS center, y.message_id AS message,
        o.id AS opening, e.id AS entry, k.id AS consent, n.id AS notice, n.webhook_id AS webhook
    FROM (SELECT * FROM referral WHERE state = $1 ORDER BY md5(id::text) LIMIT $2) AS r
    JOIN message o ON o.id = r.id
    JOIN party w ON w.referral_id = r.id AND w.name = 'probation_office'
    JOIN party c ON c.referral_id = r.id AND c.name = 'center'
    CROSS JOIN LATERAL (SELECT message_id FROM copy WHERE agency_id = c.agency_id
        AND referral_id = r.id ORDER BY number DESC LIMIT 1) AS y
    CROSS JOIN LATERAL (SELECT id FROM log_entry WHERE case_id = r.case_id
        ORDER BY at LIMIT 1) AS e
    CROSS JOIN LATERAL (SELECT id FROM consent WHERE case_id = r.case_id LIMIT 1) AS k
    JOIN webhook h ON h.agency_id = c.agency_id
    CROSS JOIN LATERAL (SELECT id, webhook_id FROM notice WHERE webhook_id = h.id
        ORDER BY created_at LIMIT 1) AS n
"""

Sample = Mapping[str, object]


@dataclass(frozen=True)
class Call:
    """The medians of some calls of a function."""

    ms: float
    pages: float


@dataclass(frozen=True)
class Growth:
    """What each function costs at each number of referrals, and how long filling took."""

    seconds: Mapping[int, float]
    calls: Mapping[str, Mapping[int, Call]]

    def grown(self) -> list[str]:
        """The functions that touch too many more pages in the largest tables."""
        return [name for name, by_size in self.calls.items() if not _is_bounded(by_size)]

    def lines(self) -> list[str]:
        """The lines of the report."""
        sizes = list(self.seconds)
        lines = [f"Filled {size:,} referrals in {s:,.0f} s" for size, s in self.seconds.items()]
        heading = "".join(f"{f'{size:,}: ms':>16} {'pages':>9}" for size in sizes)
        lines += ["", f"{'':28}{heading}{'ratio: ms':>12}{'pages':>7}"]
        for name, by_size in self.calls.items():
            least, most = by_size[sizes[0]], by_size[sizes[-1]]
            figures = "".join(f"{by_size[s].ms:16.3f} {by_size[s].pages:9.0f}" for s in sizes)
            ratios = f"{most.ms / max(least.ms, 1e-3):12.2f}{most.pages / max(least.pages, 1):7.2f}"
            mark = "" if _is_bounded(by_size) else "  GROWS"
            lines.append(f"{name:28}{figures}{ratios}{mark}")
        return [*lines, "", f"Pages ≤ {MOST} ×: all but {', '.join(self.grown()) or 'none'}"]


def growth(where: Place, sizes: Sequence[int], calls: int) -> Growth:
    """Measure, on databases of their own. Nobody may be connected to the first database yet."""
    where.keys.prepare_log(where.clock())
    seconds: dict[int, float] = {}
    by_function: dict[str, dict[int, Call]] = {}
    for size in sizes:
        urls = where.another_database(f"growth_{size}")
        admin = at_database(where.embedded.admin_url, f"growth_{size}")
        began = perf_counter()
        rows = asyncio.run(_fill(where, urls, admin, size))
        seconds[size] = perf_counter() - began
        _say(f"Filled {rows:,} rows of {size:,} referrals in {seconds[size]:,.0f} s")
        for name, call in asyncio.run(_measure(where, urls, admin, calls)).items():
            by_function.setdefault(name, {})[size] = call
        where.admin.execute(f"DROP DATABASE growth_{size} WITH (FORCE)")
    return Growth(seconds, by_function)


async def _fill(where: Place, urls: Urls, admin_url: str, size: int) -> int:
    """Play two cases, copy them until there are so many referrals; how many rows that wrote."""
    admin, api = await asyncpg.connect(admin_url), await asyncpg.connect(urls.api)
    try:
        await admin.execute("SET synchronous_commit = off; SET session_replication_role = replica")
        await _play(where, api, urls, [*STEPS, REQUEST])
        await keep_rows(admin, "long")
        await _play(where, api, urls, STEPS[:1])
        await keep_rows(admin, "short")
        longer = max(1, size // LONG)
        rows = await copy_rows(admin, where.directory, "long", 1, longer)
        rows += await copy_rows(admin, where.directory, "short", longer + 1, size - longer)
        await finish(admin, where.clock().date())
        await admin.execute("DELETE FROM log_node; DELETE FROM log_checkpoint")
        await build_tree(where, admin, await admin.fetchval("SELECT count(*) FROM log_leaf"))
        await admin.execute("VACUUM (ANALYZE)")
        await admin.execute(SEALED)
        await admin.execute("CHECKPOINT")
        return rows
    finally:
        await admin.close()
        await api.close()


async def _play(
    where: Place,
    api: "asyncpg.Connection[asyncpg.Record]",
    urls: Urls,
    steps: Sequence[tuple[str, str]],
) -> None:
    case = CaseInProgress(where, api)
    for agency, event in steps:
        await case.send(await case.write_rows(agency, event))
    async with asyncpg.create_pool(urls.worker, min_size=1, max_size=1) as worker:
        sealer = Sealer(worker, CheckpointKeys(where.keys, ORIGIN), ORIGIN, where.clock)
        while await sealer.seal():
            pass


async def _measure(where: Place, urls: Urls, admin_url: str, calls: int) -> dict[str, Call]:
    admin = await asyncpg.connect(admin_url)
    try:
        granted = {row["proname"]: row["api"] for row in await admin.fetch(NOT_OURS)}
        if unknown := set(granted) ^ (set(CALLS) | set(LEFT_OUT)):
            raise RuntimeError(f"bench/growth_calls.py has to say how to call {sorted(unknown)}")
        state = await admin.fetchval(
            "SELECT state FROM referral GROUP BY 1 ORDER BY count(*) LIMIT 1"
        )
        samples = [dict(row) for row in await admin.fetch(SAMPLES, state, calls + WARM)]
    finally:
        await admin.close()
    measured = {}
    for is_api, url in ((True, urls.api), (False, urls.worker)):
        connection = await asyncpg.connect(url)
        try:
            for name in (n for n, api in granted.items() if api is is_api and n in CALLS):
                measured[name] = await _measure_one(where, connection, name, samples)
        finally:
            await connection.close()
    return measured


async def _measure_one(
    where: Place,
    connection: "asyncpg.Connection[asyncpg.Record]",
    name: str,
    samples: Sequence[Sample],
) -> Call:
    plans = []
    for sample in samples:
        more = {"now": f"'{where.clock().isoformat()}'"}
        if name == "accept":
            more["rows"] = await _opening(where, connection, sample)
        arguments = CALLS[name].format(**_literals(sample), **more)
        transaction = connection.transaction()
        await transaction.start()
        try:
            plan = await connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM {name}({arguments})"
            )
        except asyncpg.PostgresError as error:
            raise RuntimeError(f"{name}({arguments}): {error}") from error
        finally:
            await transaction.rollback()
        plans.append(json.loads(plan)[0])
    kept = plans[WARM:]
    pages = [p["Plan"]["Shared Hit Blocks"] + p["Plan"]["Shared Read Blocks"] for p in kept]
    return Call(median(p["Execution Time"] for p in kept), median(pages))


async def _opening(
    where: Place, connection: "asyncpg.Connection[asyncpg.Record]", sample: Sample
) -> str:
    """The arguments of `accept` for an opening message."""
    written = await CaseInProgress(where, connection).write_rows(*STEPS[0])
    rows, stored = accept_arguments([written])
    text = rows.replace(STEPS[0][0], str(sample["prison"])).replace("'", "''")
    return f"'{text}'::jsonb, '\\x{stored.hex()}'::bytea, true"


def _literals(sample: Sample) -> dict[str, str]:
    return {
        name: f"'{value}'::uuid" if isinstance(value, UUID) else f"'{value}'"
        for name, value in sample.items()
    }


def _is_bounded(by_size: Mapping[int, Call]) -> bool:
    least, *_, most = by_size.values()
    return most.pages <= max(MOST * least.pages, least.pages + FEW)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. The exit code is 1 if a function touches too many more pages."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=USUAL, metavar="REFERRALS")
    parser.add_argument("--calls", type=int, default=20, help="calls of each function")
    options = parser.parse_args(arguments)
    with place() as where:
        figures = growth(where, options.sizes, options.calls)
    print("\n".join(figures.lines()))
    return int(bool(figures.grown()))


if __name__ == "__main__":
    sys.exit(main())
