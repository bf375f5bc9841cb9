"""Our courier in a process of its own: sends the queued notices, and prints how many per second.

It is the real courier: it checks rights and addresses, and records each attempt.
"""

import argparse
import asyncio
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop

from app.adapters.database.pool import open_pool
from app.adapters.directory.seed import seed
from app.adapters.inbox.bell import Bell
from app.adapters.keys.in_process import FolderKeys
from app.adapters.webhooks.courier import Courier
from app.adapters.webhooks.lookup import SystemLookup
from app.adapters.webhooks.safe_http import HttpSender, Outside
from app.adapters.webhooks.secrets import WebhookSecrets
from app.domain.keys.ports import MasterKey
from app.domain.webhooks.addresses import Reach

AGENCY = "probation-13"
WEBHOOK = UUID("01936b7e-7c00-7d0a-8b11-2f6e9a4d5c03")
SECRET = b"k" * 32
LOOPBACK = Outside(Reach(loopback=True))
ITEM = {
    "agency_id": AGENCY,
    "kind": "message",
    "type": "special_adjustment.notify_candidate",
    "urgency": "normal",
}


class OneMaster:
    """A master key that both processes of the bench know."""

    def master_mark(self) -> int:
        """It never changes."""
        return 1

    def masters(self) -> tuple[MasterKey, ...]:
        """The key."""
        return (MasterKey(1, b"m" * 32),)


SECRETS = WebhookSecrets(FolderKeys(OneMaster(), lambda: datetime.now(UTC)))


async def prepare_ours(owner: str, receiver: str) -> None:
    """Seed the directory, and register a webhook that points to the receiver."""
    connection = await asyncpg.connect(owner)
    with suppress(asyncpg.UniqueViolationError):
        await seed(connection)
        await connection.execute("""
            INSERT INTO seat VALUES ('s', 'probation-13', 'x', 'decider', '{C0}', now());
            INSERT INTO client VALUES ('c', 'probation-13', 'x', 'x', NULL, now());
            INSERT INTO client_seat VALUES ('c', 's', 1);
        """)
    sealed = await SECRETS.seal(WEBHOOK, SECRET)
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
    """Write that many items to the inbox of AGENCY, in one transaction."""
    await owner.execute("SELECT deliver(now(), $1)", json.dumps([ITEM] * many))


async def ours(owner: str, receiver: str, many: int, window: int) -> float:
    """Deliveries per second of our courier."""
    await prepare_ours(owner, receiver)
    connection = await asyncpg.connect(owner)
    await commit(connection, many)
    await connection.execute("VACUUM ANALYZE notice")
    async with (
        await open_pool(owner, 4, "bench") as pool,
        HttpSender(SystemLookup(), LOOPBACK) as outgoing,
    ):
        bell, stop = Bell(pool, owner), asyncio.Event()
        courier = Courier(pool, bell, outgoing, SECRETS, lambda: datetime.now(UTC), window)
        began = time.perf_counter()
        running = asyncio.create_task(courier.run(stop))
        waiting = "SELECT EXISTS (SELECT FROM notice WHERE state = 'pending')"
        while await connection.fetchval(waiting):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
        took = time.perf_counter() - began
        stop.set()
        await running
    await connection.close()
    return many / took


async def idle(owner: str, receiver: str, many: int, window: int) -> float:
    """Our courier with one notice at a time; prints the times of the commits."""
    await prepare_ours(owner, receiver)
    connection = await asyncpg.connect(owner)
    async with (
        await open_pool(owner, 4, "bench") as pool,
        HttpSender(SystemLookup(), LOOPBACK) as outgoing,
    ):
        bell, stop = Bell(pool, owner), asyncio.Event()
        await bell.start()
        courier = Courier(pool, bell, outgoing, SECRETS, lambda: datetime.now(UTC), window)
        running = asyncio.create_task(courier.run(stop))
        elsewhere = Bell(pool, owner)  # as in the API, another process than the courier
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


ROLES = {"ours": ours, "idle": idle}

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
