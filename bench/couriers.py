"""One dispatcher in a process of its own: sends what is queued, and prints how many a second.

All do the same job: take it from PostgreSQL, sign it, POST it by aiohttp with so many in flight,
write down that it arrived. Ours also writes down each attempt, checks rights and addresses.
"""

import argparse
import asyncio
import hmac
import json
import os
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import aiohttp
import asyncpg
import uvloop

from app.adapters.bell import Bell
from app.adapters.courier import Courier
from app.adapters.database import open_pool
from app.adapters.national import seed
from app.adapters.outgoing import Outgoing, SystemLookup
from app.adapters.webhook_secrets import WebhookSecrets
from app.domain.keys import MasterKey

AGENCY = "probation-13"
WEBHOOK = UUID("01936b7e-7c00-7d0a-8b11-2f6e9a4d5c03")
SECRET = b"k" * 32
SECRETS = WebhookSecrets(lambda: [MasterKey(1, b"m" * 32)])
ITEM = {
    "agency_id": AGENCY,
    "kind": "message",
    "type": "special_adjustment.notify_candidate",
    "urgency": "normal",
}
PAYLOAD = json.dumps({"type": "inbox.message", "data": {**ITEM, "padding": 120 * "x"}}).encode()


async def prepare_ours(owner: str, receiver: str) -> None:
    """A directory, and a webhook that leads to the receiver."""
    connection = await asyncpg.connect(owner)
    with suppress(asyncpg.UniqueViolationError):
        await seed(connection)
        await connection.execute("""
            INSERT INTO seat VALUES ('s', 'probation-13', 'x', 'decider', '{C0}', now());
            INSERT INTO client VALUES ('c', 'probation-13', 'x', 'x', NULL, now());
            INSERT INTO client_seat VALUES ('c', 's', 1);
        """)
    sealed = SECRETS.seal(WEBHOOK, SECRET)
    await connection.execute("TRUNCATE attempt, notice, webhook")
    await connection.execute(
        "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, master, secret, state,"
        " created_at, changed_at) VALUES ($1, $2, 'c', 's', $3, $4, $5, 'active', now(), now())",
        WEBHOOK,
        AGENCY,
        receiver,
        sealed.master,
        sealed.wrapped,
    )
    await connection.close()


async def commit(owner: asyncpg.Connection, many: int) -> None:
    """So many items for the inbox of AGENCY, in one transaction."""
    await owner.execute("SELECT deliver(now(), $1)", json.dumps([ITEM] * many))


async def ours(owner: str, receiver: str, many: int, window: int) -> float:
    """Our own courier."""
    await prepare_ours(owner, receiver)
    connection = await asyncpg.connect(owner)
    await commit(connection, many)
    await connection.execute("VACUUM ANALYZE notice")
    async with (
        await open_pool(owner, 4, "bench") as pool,
        Outgoing(SystemLookup(), loopback=True) as outgoing,
    ):
        bell, stop = Bell(pool, owner), asyncio.Event()
        courier = Courier(pool, bell, outgoing, SECRETS, lambda: datetime.now(UTC), window)
        began = time.perf_counter()
        running = asyncio.create_task(courier.run(stop))
        waiting = "SELECT EXISTS (SELECT FROM notice WHERE state = 'pending')"
        while await connection.fetchval(waiting):
            await asyncio.sleep(0.01)
        took = time.perf_counter() - began
        stop.set()
        await running
    await connection.close()
    return many / took


def poster(session: aiohttp.ClientSession, receiver: str) -> Callable[[str], Awaitable[None]]:
    """Signs a notice and posts it, as ours is."""

    async def post(notice_id: str) -> None:
        seconds = int(time.time())
        content = f"{notice_id}.{seconds}.".encode() + PAYLOAD
        headers = {
            "webhook-id": notice_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": f"v1,{b64encode(hmac.digest(SECRET, content, 'sha256')).decode()}",
            "Content-Type": "application/json",
        }
        async with session.post(receiver, data=PAYLOAD, headers=headers) as response:
            await response.read()
            response.raise_for_status()

    return post


async def pgqueuer(owner: str, receiver: str, many: int, window: int) -> float:
    """pgqueuer: batches of half the window, as many tasks as the window."""
    from pgqueuer import PgQueuer  # noqa: PLC0415 - only here with --peers
    from pgqueuer.db import AsyncpgDriver  # noqa: PLC0415
    from pgqueuer.models import Job  # noqa: PLC0415
    from pgqueuer.types import QueueExecutionMode  # noqa: PLC0415

    connection = await asyncpg.connect(owner)
    queuer = PgQueuer(AsyncpgDriver(connection))
    with suppress(asyncpg.PostgresError):
        await queuer.qm.queries.uninstall()
    await queuer.qm.queries.install()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        post = poster(session, receiver)

        @queuer.entrypoint("knock")
        async def knock(job: Job) -> None:
            await post(str(job.id))

        await queuer.qm.queries.enqueue(["knock"] * many, [PAYLOAD] * many, [0] * many)
        await connection.execute("VACUUM ANALYZE pgqueuer")
        began = time.perf_counter()
        await queuer.run(
            mode=QueueExecutionMode.drain, batch_size=window // 2, max_concurrent_tasks=window
        )
        took = time.perf_counter() - began
    await connection.close()
    return many / took


async def procrastinate(owner: str, receiver: str, many: int, window: int) -> float:
    """procrastinate: a worker with as many tasks at once as the window."""
    from procrastinate import App, PsycopgConnector  # noqa: PLC0415 - only here with --peers

    app = App(connector=PsycopgConnector(conninfo=owner, min_size=4, max_size=10))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        post = poster(session, receiver)

        @app.task(name="knock")
        async def knock(number: int) -> None:
            await post(str(number))

        async with app.open_async():
            connection = await asyncpg.connect(owner)
            if not await connection.fetchval("SELECT to_regclass('procrastinate_jobs')"):
                await app.schema_manager.apply_schema_async()
            await connection.execute("TRUNCATE procrastinate_jobs CASCADE")
            await knock.batch_defer_async(*({"number": number} for number in range(many)))
            await connection.execute("VACUUM ANALYZE procrastinate_jobs")
            began = time.perf_counter()
            await app.run_worker_async(
                concurrency=window, wait=False, install_signal_handlers=False
            )
            took = time.perf_counter() - began
            await connection.close()
    return many / took


async def idle(owner: str, receiver: str, many: int, window: int) -> float:
    """Our courier with nothing to do but one notice at a time; prints the moments of commits."""
    await prepare_ours(owner, receiver)
    connection = await asyncpg.connect(owner)
    async with (
        await open_pool(owner, 4, "bench") as pool,
        Outgoing(SystemLookup(), loopback=True) as outgoing,
    ):
        bell, stop = Bell(pool, owner), asyncio.Event()
        await bell.start()
        courier = Courier(pool, bell, outgoing, SECRETS, lambda: datetime.now(UTC), window)
        running = asyncio.create_task(courier.run(stop))
        elsewhere = Bell(pool, owner)  # the API's, which hears nothing from this process
        await elsewhere.start()
        await asyncio.sleep(0.5)
        for _ in range(many):
            await commit(connection, 1)
            print(time.time(), flush=True)
            elsewhere.ring([AGENCY])
            await asyncio.sleep(0.04)
        await asyncio.sleep(0.3)
        stop.set()
        await running
        await elsewhere.stop()
        await bell.stop()
    await connection.close()
    return 0.0


ROLES = {"ours": ours, "pgqueuer": pgqueuer, "procrastinate": procrastinate, "idle": idle}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("many", type=int)
    parser.add_argument("window", type=int)
    given = parser.parse_args()
    work = ROLES[given.role](os.environ["OWNER"], os.environ["RECEIVER"], given.many, given.window)
    print(uvloop.run(work), flush=True)
