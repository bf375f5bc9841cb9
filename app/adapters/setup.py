"""Prepares a database for the service: its tables, then the national directory."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.database.connection import connect
from app.adapters.database.migrations import migrate
from app.adapters.database.narrowing import narrow
from app.adapters.directory.seed import seed

if TYPE_CHECKING:
    from asyncpg import Connection, Record

CHECK_TIMES = """
    INSERT INTO service_clock (checked) VALUES ($1)
    ON CONFLICT (singleton) DO UPDATE SET checked = $1
"""


def prepare(
    url: str, clock_offset: timedelta = timedelta(0), administrator: str | None = None
) -> None:
    """Migrate the database at `url`, logged in as its owner, and add the agencies that it lacks.

    Runs its own event loop: from inside a loop, call it in a thread.

    Args:
        url: the owner's login.
        clock_offset: how far the service's clock is moved, for development. Entries of the log
            must then not have the time of their transaction.
        administrator: a login that may take from the service's roles what every login has; when
            missing, the owner's, if it is an administrator.

    Raises:
        DatabaseUnavailable: it cannot be opened.
    """
    asyncio.run(_check_connection(url))
    migrate(url)
    asyncio.run(_fill(url, clock_offset))
    asyncio.run(_narrow(administrator or url))


async def _check_connection(url: str) -> None:
    async with connect(url):
        return


async def _fill(url: str, clock_offset: timedelta) -> None:
    async with connect(url) as connection:
        await check_times(connection, not clock_offset)
        await seed(connection)


async def _narrow(url: str) -> None:
    async with connect(url) as connection:
        await narrow(connection)


async def check_times(connection: "Connection[Record]", checked: bool) -> None:
    """Say, as the owner, whether entries of the log must have the time of their transaction."""
    await connection.execute(CHECK_TIMES, checked)
