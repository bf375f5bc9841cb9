"""The notifications that the bell sends to other processes."""

import asyncio

import asyncpg

from app.adapters.database.logins import Urls
from app.adapters.inbox.bell import CHANNEL, ring


async def test_it_rings_for_more_agencies_than_one_notification_holds(
    database: Urls, api: asyncpg.Pool
) -> None:
    agencies = {f"{number:03}-{'x' * 60}" for number in range(300)}
    heard: set[str] = set()
    all_heard = asyncio.Event()

    def hear(*notified: object) -> None:
        heard.update(str(notified[-1]).split(","))
        if heard >= agencies:
            all_heard.set()

    listener = await asyncpg.connect(database.api)
    try:
        await listener.add_listener(CHANNEL, hear)
        await ring(api, agencies)
        async with asyncio.timeout(10):
            await all_heard.wait()
    finally:
        await listener.close()
    assert heard == agencies
