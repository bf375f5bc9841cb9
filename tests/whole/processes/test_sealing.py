"""Workers as real processes, killed while they seal: the log has no gap and no double."""

import asyncio
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from app.adapters.database.logins import Urls
from app.adapters.ids import time_ordered_id
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.audit import Audit, publics
from tests.whole.processes.test_delivery import worker

ROUNDS = 3
EACH = 2_000
"""Entries for each round: several batches, so that a kill falls into the middle of them."""


async def write(pool: asyncpg.Pool, count: int) -> None:
    """Entries, a few in each transaction."""
    for _ in range(count // 10):
        at = datetime.now(UTC)
        entries = [
            {"id": str(time_ordered_id(at)), "kind": "token", "agencies": ["center-13"]}
            for _ in range(10)
        ]
        await pool.execute("SELECT write_log($1, $2)", at, json.dumps(entries))


async def test_workers_that_are_killed_while_they_seal_leave_a_sound_log(
    new_database: Callable[[], Urls], tmp_path: Path
) -> None:
    urls, folder = new_database(), KeyFolder(tmp_path / "keys")
    folder.prepare(datetime.now(UTC))
    chance = random.Random(7)
    size = "SELECT size FROM log_tree"
    async with asyncpg.create_pool(urls.owner, min_size=1, max_size=4) as pool:
        for number in range(ROUNDS):
            writing = asyncio.create_task(write(pool, EACH))
            workers = [await worker(urls, tmp_path) for _ in range(2)]
            enough = number * EACH // 2 + chance.randint(1, EACH // 2)
            async with asyncio.timeout(60):
                while await pool.fetchval(size) < enough:  # noqa: ASYNC110 - nobody is told of it
                    await asyncio.sleep(chance.random() * 0.01)
            for each in workers:
                each.kill()
                await each.wait()
            await writing
        last = await worker(urls, tmp_path)
        async with asyncio.timeout(60):
            while await pool.fetchval(size) < ROUNDS * EACH:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.02)
        last.terminate()
        assert await last.wait() == 0
        keys = CheckpointKeys(folder, "127.0.0.1:8080/log")
        async with pool.acquire() as connection:
            sound = await Audit(connection, publics(keys.public_keys())).run(lambda _: None)
        assert sound.leaves == ROUNDS * EACH
        assert await pool.fetchval("SELECT count(*) FROM log_pending") == 0
