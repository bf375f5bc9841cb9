"""procrastinate or pgqueuer in a process of its own, doing what our courier does.

They take a job from PostgreSQL, sign it, POST it by aiohttp with a window of requests in flight,
and mark it as done. They check no rights and no addresses, and record no attempts.
"""

import argparse
import hmac
import json
import os
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.types import QueueExecutionMode
from procrastinate import App, PsycopgConnector

from bench.couriers import ITEM, SECRET

PAYLOAD = json.dumps({"type": "inbox.message", "data": {**ITEM, "padding": 120 * "x"}}).encode()


def poster(session: aiohttp.ClientSession, receiver: str) -> Callable[[str], Awaitable[None]]:
    """A function that signs a notice and posts it, as our courier does."""

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


ROLES = {"pgqueuer": pgqueuer, "procrastinate": procrastinate}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("many", type=int)
    parser.add_argument("window", type=int)
    options = parser.parse_args()
    work = ROLES[options.role](
        os.environ["OWNER"], os.environ["RECEIVER"], options.many, options.window
    )
    print(uvloop.run(work), flush=True)
