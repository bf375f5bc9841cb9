"""Connections to PostgreSQL; a session carries nothing from one request to the next."""

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Connection as _Connection
    from asyncpg import Pool as _Pool
    from asyncpg import Record

    Pool: TypeAlias = _Pool[Record]
    Connection: TypeAlias = _Connection[Record]

PATIENCE = timedelta(seconds=10)


async def open_pool(url: str, size: int, name: str, patience: timedelta = PATIENCE) -> "Pool":
    """A pool of up to `size` connections, shown in PostgreSQL as `name`.

    A statement that takes longer than `patience` ends with a TimeoutError: a database that hangs
    must not block every request and, with them, every connection.
    """
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=patience.total_seconds(),
        reset=_nothing_to_reset,
        server_settings={"application_name": name},
    )


async def _nothing_to_reset(connection: "Connection") -> None:
    """Every setting is local to a transaction, so there is nothing to reset.

    asyncpg's own reset is a round trip for each request: a tenth of the cost of a submit.
    """
