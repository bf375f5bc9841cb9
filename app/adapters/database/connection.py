"""One connection to the database, for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from app.adapters.outage import OperatorError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


OPENING = 10.0
"""Seconds that opening a connection may take."""


class DatabaseUnavailable(OperatorError):
    """The database cannot be opened. The text says why and holds no address and no password."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot be opened: {reason}.")


@asynccontextmanager
async def connect(url: str) -> "AsyncIterator[Connection[Record]]":
    """One connection for a command, closed at the end.

    Raises:
        DatabaseUnavailable: the server does not answer, or refuses the login.
    """
    try:
        connection = await asyncpg.connect(url, timeout=OPENING)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(_reason(error)) from None
    try:
        yield connection
    finally:
        await connection.close()


def _reason(error: Exception) -> str:
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return "it does not accept the user name or the password"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return "there is no database of that name"
    return f"it does not answer ({type(error).__name__})"
