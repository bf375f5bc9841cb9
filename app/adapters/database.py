"""Connections to PostgreSQL; a session carries nothing from one request to the next."""

from typing import TYPE_CHECKING, TypeAlias

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Connection as _Connection
    from asyncpg import Pool as _Pool
    from asyncpg import Record

    Pool: TypeAlias = _Pool[Record]
    Connection: TypeAlias = _Connection[Record]


async def open_pool(url: str, size: int, name: str) -> "Pool":
    """A pool of up to `size` connections, shown in PostgreSQL as `name`."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        reset=_nothing_to_reset,
        server_settings={"application_name": name},
    )


async def _nothing_to_reset(connection: "Connection") -> None:
    """Every setting is made for one transaction, so there is nothing to take back.

    asyncpg's own reset is a round trip for each request: a tenth of what a submit costs.
    """
