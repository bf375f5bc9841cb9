"""Workers as real processes: killed again and again in the middle of a thousand deliveries."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from app.adapters.database.logins import Urls
from app.adapters.directory.seed import seed
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.webhooks.secrets import WebhookSecrets
from app.domain.webhooks.notices import secret_text
from tests.support.ready import PATIENCE, until_stoppable
from tests.support.receiver import OK, Received, Receiver

AGENCY = "probation-13"
MESSAGES = 1_000
LEASE = 61
"""Seconds after which what a dead worker held is free again."""
WEBHOOK = "01936b7e-7c00-7d0a-8b11-2f6e9a4d5c03"
SECRET = b"k" * 32


@pytest.fixture
async def owner(
    new_database: Callable[[], Urls], tmp_path: Path, receiver: Receiver
) -> AsyncIterator[tuple[Urls, asyncpg.Pool]]:
    """A database with one webhook, whose secret only the keys in `tmp_path` open."""
    urls = new_database()
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(datetime.now(UTC))
    async with asyncpg.create_pool(urls.owner, min_size=1, max_size=4) as pool:
        async with pool.acquire() as connection:
            await seed(connection)
        await pool.execute("""
            INSERT INTO seat VALUES ('s', 'probation-13', 'x', 'decider', '{C0}', now());
            INSERT INTO client VALUES ('c', 'probation-13', 'x', 'x', NULL, now());
            INSERT INTO client_seat VALUES ('c', 's', 1);
        """)
        secrets = WebhookSecrets(FolderKeys(folder, lambda: datetime.now(UTC)))
        sealed = await secrets.seal(UUID(WEBHOOK), SECRET)
        await pool.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, master, secret, state,"
            " created_at, changed_at)"
            " VALUES ($1, $2, 'c', 's', $3, $4, $5, 'active', now(), now())",
            WEBHOOK,
            AGENCY,
            receiver.url(),
            sealed.master,
            sealed.wrapped,
        )
        yield urls, pool


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


async def commit(pool: asyncpg.Pool, many: int) -> None:
    """Messages that reach the inbox of AGENCY, each in a transaction of its own."""
    item = {
        "agency_id": AGENCY,
        "kind": "message",
        "type": "special_adjustment.notify_candidate",
        "urgency": "normal",
    }
    for _ in range(many):
        await pool.execute("SELECT deliver(now(), $1)", json.dumps([item]))


async def worker(urls: Urls, data: Path, ahead: int = 0) -> Process:
    """A worker, whose clock is so many seconds ahead."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {
        "TSUNAGU_WORKER_DATABASE_URL": urls.worker,
        "TSUNAGU_DATA_DIR": str(data),
        "TSUNAGU_WEBHOOK_LOOPBACK": "true",
        "TSUNAGU_CLOCK": f"PT{ahead}S",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker", env=environment
    )


@asynccontextmanager
async def run_workers(urls: Urls, data: Path, many: int = 1, ahead: int = 0) -> AsyncIterator[None]:
    """Workers that are told to stop at the end."""
    workers = [await worker(urls, data, ahead) for _ in range(many)]
    yield
    for each in workers:
        await until_stoppable(each)  # one may have done everything before another had begun
        each.terminate()
    assert [await each.wait() for each in workers] == [0] * many


async def test_every_notice_arrives_though_workers_are_killed_at_random(
    owner: tuple[Urls, asyncpg.Pool], tmp_path: Path, receiver: Receiver
) -> None:
    urls, pool = owner
    chance = random.Random(11)
    sending = asyncio.create_task(commit(pool, MESSAGES))
    kills: list[float] = []

    async def slowly(_request: Received, _writer: asyncio.StreamWriter) -> bytes:
        await asyncio.sleep(0.02)
        return OK

    receiver.answer = slowly
    rounds = 4
    for number in range(rounds):
        workers = [await worker(urls, tmp_path, LEASE * number) for _ in range(2)]
        await receiver.until(len(receiver.received) + chance.randint(60, 160), PATIENCE)
        for each in workers:
            await asyncio.sleep(chance.random() * 0.03)
            each.send_signal(signal.SIGKILL)
            await each.wait()
            kills.append(time.time())
    await sending
    async with run_workers(urls, tmp_path, 2, ahead=LEASE * rounds):
        async with asyncio.timeout(60):
            while await pool.fetchval("SELECT count(*) FROM notice WHERE state = 'pending'"):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.05)
    by_id = verify_all(receiver)
    expected = await pool.fetch("SELECT id::text, payload FROM notice")
    assert {row["id"] for row in expected} == by_id.keys()
    assert len(by_id) == MESSAGES
    for row in expected:
        assert {r.body.decode() for r in by_id[row["id"]]} == {row["payload"]}
    again = [both for came in by_id.values() for both in pairwise(came)]
    # A second time only if whoever knew of the first was killed before writing it down.
    assert all(any(a.at <= kill <= b.at for kill in kills) for a, b in again)
    assert len(again) <= 2 * 16 * 2 * rounds
    delivered = "SELECT count(*) FROM attempt WHERE outcome = 'delivered'"
    assert await pool.fetchval(delivered) == MESSAGES


def verify_all(receiver: Receiver) -> dict[str, list[Received]]:
    """All that came, by id; each signed anew, at the moment at which it was sent."""
    by_id: defaultdict[str, list[Received]] = defaultdict(list)
    for request in receiver.received:
        by_id[request.id].append(request)
        request.verify(secret_text(SECRET))
        assert abs(int(request.headers["webhook-timestamp"]) - request.at) <= 2
    return by_id


async def test_a_worker_that_is_idle_posts_a_moment_after_the_commit(
    owner: tuple[Urls, asyncpg.Pool], tmp_path: Path, receiver: Receiver
) -> None:
    urls, pool = owner
    async with run_workers(urls, tmp_path):
        await commit(pool, 1)
        await receiver.until(1, PATIENCE)
        waits = []
        for number in range(2, 12):
            await commit(pool, 1)
            committed = time.time()
            await pool.execute("SELECT pg_notify('tsunagu_inbox', $1)", AGENCY)
            got = await receiver.until(number)
            waits.append(got[-1].at - committed)
    assert sorted(waits)[-2] < 0.5  # without the bell it would be the rest of a second
