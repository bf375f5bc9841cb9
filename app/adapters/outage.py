"""Tells what may pass when it is tried again, and what an operator can put right, from errors."""

import errno
import socket
import ssl
from collections.abc import Iterator
from enum import Enum

import asyncpg

from app.domain.calendar.clock import ClockIsOff
from app.domain.keys.ports import KeyServiceAway, MasterMissing


class Outage(Enum):
    """Why a call could not be served now, and may be later."""

    AWAY = "away"
    """The database or the keys cannot be reached, take no writes, or have too much to do."""
    HELD = "held"
    """Others hold the rows that the call needs, or changed them at the same time."""


_HELD = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "55P03",  # lock_not_available: it was not free within `lock_timeout`
    }
)
READ_ONLY = "25006"
"""read_only_sql_transaction: the server is a standby, or was made to take no writes."""
OFF_TIME = "TS001"
"""Ours, of `write_log`: an entry has another time than its transaction. The clock of this process
is off, or the case holds a time to come."""
_AWAY = frozenset(
    {
        OFF_TIME,
        "08000",  # connection_exception
        "08001",  # sqlclient_unable_to_establish_sqlconnection
        "08003",  # connection_does_not_exist
        "08004",  # sqlserver_rejected_establishment_of_sqlconnection
        "08006",  # connection_failure
        "08007",  # transaction_resolution_unknown
        "08P01",  # protocol_violation
        READ_ONLY,
        "25P03",  # idle_in_transaction_session_timeout
        "25P04",  # transaction_timeout
        "53000",  # insufficient_resources
        "53100",  # disk_full
        "53200",  # out_of_memory
        "53300",  # too_many_connections
        "53400",  # configuration_limit_exceeded
        "57000",  # operator_intervention
        "57014",  # query_canceled: also by `statement_timeout`
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P04",  # database_dropped
        "57P05",  # idle_session_timeout
        "58000",  # system_error
        "58030",  # io_error
    }
)
_LOST = frozenset(code for code in _AWAY if code[:2] in {"08", "25", "57"} and code != "57014")
"""After these a connection is of no more use."""
_ERRORS_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InvalidCachedStatementError,  # the tables were migrated since it was prepared
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    ssl.SSLError,
    KeyServiceAway,
    MasterMissing,
    ClockIsOff,
)
_NETWORK = frozenset(
    {
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EMFILE,
        errno.ENFILE,
    }
)


def outage_of(error: Exception) -> Outage | None:
    """Why trying again may help; None if the error is a fault of ours.

    The list is closed: an error that is not in it is answered 500, so that it is seen and mended.
    """
    code = _sqlstate(error)
    if code is not None:
        return Outage.HELD if code in _HELD else _away(code in _AWAY or _is_away(error))
    return _away(_is_away(error))


def is_outage(error: Exception) -> bool:
    """Whether trying again may help."""
    return outage_of(error) is not None


def spoils_connection(error: BaseException) -> bool:
    """Whether the connection that raised `error` must not be used again."""
    return isinstance(error, TimeoutError | asyncpg.InternalClientError) or (
        _sqlstate(error) in _LOST
    )


def is_read_only(error: BaseException) -> bool:
    """Whether the server takes no writes, so that none of its connections is of use."""
    return _sqlstate(error) == READ_ONLY


def _is_away(error: Exception) -> bool:
    # A value that asyncpg cannot encode is an error of ours, though it is an InterfaceError.
    if isinstance(error, asyncpg.DataError):
        return False
    return isinstance(error, _ERRORS_AWAY) or any(_network_failed(e) for e in _causes(error))


def _network_failed(error: BaseException) -> bool:
    # An event loop that tried several addresses raises an OSError of no kind and no number.
    if not isinstance(error, OSError):
        return False
    return error.errno in _NETWORK or (type(error) is OSError and error.errno is None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    else:
        yield error


def _away(holds: bool) -> Outage | None:
    return Outage.AWAY if holds else None


def _sqlstate(error: BaseException) -> str | None:
    code = getattr(error, "sqlstate", None)
    return code if isinstance(code, str) else None


class OperatorError(Exception):
    """Something that whoever runs the service can put right. The text is for them: what, and how.

    Commands print it as it is, without a traceback, and end with 1.
    """


class CannotStart(OperatorError):
    """The service must not start; the text says why and what to do."""
