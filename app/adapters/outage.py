"""Tells an outage of what we stand on from an error of ours."""

import asyncpg

from app.domain.keys.ports import KeyServiceAway, MasterMissing

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
    TimeoutError,
    KeyServiceAway,
    MasterMissing,
)


def is_outage(error: Exception) -> bool:
    """Whether the database or the keys cannot be reached, so that trying again may help."""
    # A value that asyncpg cannot encode is our fault, though it comes as an InterfaceError.
    return isinstance(error, _AWAY) and not isinstance(error, asyncpg.DataError)


class CannotStart(Exception):
    """The service must not start; the text says why and what to do."""
