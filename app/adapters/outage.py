"""Tells an outage of the database from an error of ours."""

import asyncpg

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
    TimeoutError,
)


def is_outage(error: Exception) -> bool:
    """Whether the database cannot be reached or takes nobody, so that trying again may help."""
    # A value that asyncpg cannot encode is our fault, though it comes as an InterfaceError.
    return isinstance(error, _AWAY) and not isinstance(error, asyncpg.DataError)
