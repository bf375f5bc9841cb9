"""Tells an outage, and what an operator can put right, from an error in our code."""

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
    # A value that asyncpg cannot encode is an error of ours, though it is an InterfaceError.
    return isinstance(error, _AWAY) and not isinstance(error, asyncpg.DataError)


class OperatorError(Exception):
    """Something that whoever runs the service can put right. The text is for them: what, and how.

    Commands print it as it is, without a traceback, and end with 1.
    """


class CannotStart(OperatorError):
    """The service must not start; the text says why and what to do."""
