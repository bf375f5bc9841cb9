"""Prepares a database for the service: its tables, then the national directory."""

import asyncio

from app.adapters.database.connection import connect
from app.adapters.database.migrations import migrate
from app.adapters.directory.seed import seed


def prepare(url: str) -> None:
    """Migrate the database at `url`, logged in as its owner, and add the agencies that it lacks.

    Runs its own event loop: from inside a loop, call it in a thread.

    Raises:
        DatabaseUnavailable: it cannot be opened.
    """
    asyncio.run(_check_connection(url))
    migrate(url)
    asyncio.run(_seed(url))


async def _check_connection(url: str) -> None:
    async with connect(url):
        return


async def _seed(url: str) -> None:
    async with connect(url) as connection:
        await seed(connection)
