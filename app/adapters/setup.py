"""Makes a database ready for the service: its tables, then the national directory."""

import asyncio
from typing import TYPE_CHECKING

from app.adapters.database.connection import connected
from app.adapters.database.migrations import migrate
from app.adapters.directory.seed import seed

if TYPE_CHECKING:
    pass


def prepare(url: str) -> None:
    """Migrate the database at `url`, logged in as its owner, and add what the directory lacks.

    Runs its own event loop: from inside a loop, call it in a thread.

    Raises:
        DatabaseUnavailable: it cannot be opened.
    """
    asyncio.run(_reach(url))
    migrate(url)
    asyncio.run(_seed(url))


async def _reach(url: str) -> None:
    async with connected(url):
        return


async def _seed(url: str) -> None:
    async with connected(url) as connection:
        await seed(connection)
