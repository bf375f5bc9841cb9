"""One connection to the database, for a command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from app.adapters.outage import OperatorError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


OPENING = 10.0
"""Seconds that opening a connection may take."""


WRITABLE = SessionAttribute.read_write
"""Of the hosts that an address names, the one is wanted that takes writes; no standby."""


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
        connection = await asyncpg.connect(url, timeout=OPENING, target_session_attrs=WRITABLE)
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
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        return "it takes no writes, as a standby or while it is set to read only"
    return f"it does not answer ({type(error).__name__})"
