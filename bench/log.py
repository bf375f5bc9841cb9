"""`python -m bench.log`: entries sealed in a second, and what a proof costs at each size."""

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Union

import asyncpg

from app.adapters.database.logins import Urls
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.log.reading import Log
from app.adapters.log.sealer import BATCH, Sealer
from app.domain.log.merkle import Node, cover, fold, verify_consistency, verify_inclusion
from app.domain.log.signed_note import Checkpoint, sign_note
from bench.place import Place, place

ORIGIN = "tsunagu.invalid/log"
AGENCY = "center-13"
USUAL = (10_000, 1_000_000)

# Leaves with real hashes; there are no entries for them, since none is read.
LEAVES = """
    INSERT INTO log_leaf (index, entry_id, hash)
    SELECT i, gen_random_uuid(), sha256(int8send(i)) FROM generate_series($1::bigint, $2) AS i
"""
NODES = """
    INSERT INTO log_node (level, number, hash)
    SELECT 1, l.index / 2, sha256('\\x01' || l.hash || r.hash)
    FROM log_leaf l JOIN log_leaf r ON r.index = l.index + 1 WHERE l.index % 2 = 0
"""
NODES_ABOVE = """
    INSERT INTO log_node (level, number, hash)
    SELECT $1::smallint + 1, l.number / 2, sha256('\\x01' || l.hash || r.hash)
    FROM log_node l JOIN log_node r ON r.level = l.level AND r.number = l.number + 1
    WHERE l.level = $1 AND l.number % 2 = 0
"""
ENTRIES = """
    SELECT write_log(now(), (SELECT jsonb_agg(jsonb_build_object('id', gen_random_uuid(),
        'kind', 'acceptance', 'agency_id', 'prison-fuchu', 'seat_id', 'prison-fuchu.decider',
        'client_id', 'prison-fuchu.system', 'case_id', gen_random_uuid(),
        'referral_id', gen_random_uuid(), 'message_id', gen_random_uuid(),
        'agencies', jsonb_build_array('prison-fuchu', 'probation-13'),
        'detail', jsonb_build_object('digest', 'sha256:' || repeat('0', 64),
            'to', jsonb_build_object('probation-13', jsonb_build_array('C0', 'C1', 'C4')))))
        FROM generate_series(1, $1)))
"""


AnyConnection = Union[
    "asyncpg.Connection[asyncpg.Record]", "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
]


@dataclass(frozen=True)
class LogFigures:
    """The measured figures of logs."""

    sealed_per_second: float
    """Entries per second of one sealer without other work."""
    proofs_ms: dict[str, dict[str, float]]
    """By size and kind: p50 and p99 of a proof, with its one question to the database."""

    def lines(self) -> list[str]:
        """The lines of the report."""
        heading = [f"Sealed: {self.sealed_per_second:,.0f} entries per second"]
        return heading + [
            f"{name}: p50 {ms['p50']:.2f} ms, p99 {ms['p99']:.2f} ms, {ms['hashes']:.0f} hashes"
            for name, ms in self.proofs_ms.items()
        ]


def logs(where: Place, sizes: Sequence[int], calls: int, entries: int) -> LogFigures:
    """Measure on databases of their own. Nobody may be connected to the first database yet."""
    where.keys.prepare_log(where.clock())
    urls = {size: where.another_database(f"log_{size}") for size in sizes}
    empty = where.another_database("log_to_seal")
    proofs: dict[str, dict[str, float]] = {}
    for size, each in urls.items():
        proofs |= asyncio.run(_proofs(where, each, size, calls))
    return LogFigures(asyncio.run(_measure_sealing(where, empty, entries)), proofs)


async def _measure_sealing(where: Place, urls: Urls, entries: int) -> float:
    async with (
        asyncpg.create_pool(urls.owner, min_size=1, max_size=1) as owner,
        asyncpg.create_pool(urls.worker, min_size=1, max_size=1) as worker,
    ):
        for _ in range(0, entries, BATCH):
            await owner.execute(ENTRIES, BATCH)
        sealer = Sealer(worker, CheckpointKeys(where.keys, ORIGIN), ORIGIN, where.clock)
        began, total = perf_counter(), 0
        while count := await sealer.seal():
            total += count
        return total / (perf_counter() - began)


async def _proofs(where: Place, urls: Urls, size: int, calls: int) -> dict[str, dict[str, float]]:
    async with (
        asyncpg.create_pool(urls.owner, min_size=1, max_size=1, command_timeout=300) as owner,
        asyncpg.create_pool(urls.api, min_size=1, max_size=1) as api,
    ):
        root = await _fill(where, owner, size)
        log, chance = Log(api), Random(size)  # noqa: S311 - the same proofs each time
        indexes = [chance.randrange(size) for _ in range(calls)]
        old = [chance.randrange(1, size) for _ in range(calls)]
        for index in indexes[:20]:
            proof = (await log.proofs(AGENCY, [index], size))[index]
            if not verify_inclusion(proof.leaf, index, size, proof.path, root):
                raise RuntimeError("a proof does not hold")
        path = await log.consistency(AGENCY, size, size)
        if not verify_consistency(size, size, root, root, path):
            raise RuntimeError("a proof does not hold")

        async def prove_inclusion(index: int) -> int:
            return len((await log.proofs(AGENCY, [index], size))[index].path)

        async def prove_consistency(smaller: int) -> int:
            return len(await log.consistency(AGENCY, smaller, size))

        return {
            f"inclusion proof of {size:,}": await _time_calls(prove_inclusion, indexes),
            f"consistency proof of {size:,}": await _time_calls(prove_consistency, old),
        }


async def _time_calls(
    ask: Callable[[int], Awaitable[int]], numbers: Sequence[int]
) -> dict[str, float]:
    times, hashes = [], []
    for number in numbers:
        began = perf_counter()
        hashes.append(await ask(number))
        times.append((perf_counter() - began) * 1000)
    return {
        "p50": statistics.median(times),
        "p99": statistics.quantiles(times, n=100)[98],
        "hashes": statistics.median(hashes),
    }


async def _fill(where: Place, owner: "asyncpg.Pool[asyncpg.Record]", size: int) -> bytes:
    """Write a log of that size with its tree, and return its root."""
    async with owner.acquire() as connection:
        await connection.execute("SET synchronous_commit = off")
        for first, last in _ranges(size):
            await connection.execute(LEAVES, first, last)
        return await build_tree(where, connection, size)


async def build_tree(where: Place, connection: AnyConnection, size: int) -> bytes:
    """Write the tree over leaves that have none, and return its root."""
    await connection.execute(NODES)
    for level in range(1, size.bit_length() - 1):
        await connection.execute(NODES_ABOVE, level)
    frontier = [await _hash(connection, node) for node in cover(0, size)]
    state = Checkpoint(ORIGIN, size, fold(frontier))
    note = sign_note(state.text, CheckpointKeys(where.keys, ORIGIN).signers(where.clock()))
    await connection.execute(
        "INSERT INTO log_checkpoint VALUES ($1, $2, $3, now())", size, state.root, str(note)
    )
    await connection.execute(
        "UPDATE log_tree SET size = $1, hashed = $1, frontier = $2", size, frontier
    )
    await connection.execute("VACUUM (ANALYZE) log_leaf, log_node")
    return state.root


async def _hash(connection: AnyConnection, node: Node) -> bytes:
    leaf = "SELECT hash FROM log_leaf WHERE $1::smallint = 0 AND index = $2"
    above = "SELECT hash FROM log_node WHERE level = $1 AND number = $2"
    digest: bytes = await connection.fetchval(above if node.level else leaf, *node)
    return digest


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    step = 100_000
    for first in range(0, size, step):
        yield first, min(first + step, size) - 1


def main(arguments: Sequence[str]) -> None:
    """Measure, for the sizes that are named."""
    sizes = [int(each) for each in arguments] or USUAL
    with place() as where:
        figures = logs(where, sizes, 1_000, 50 * BATCH)
    print("\n".join(figures.lines()))


if __name__ == "__main__":
    main(sys.argv[1:])
