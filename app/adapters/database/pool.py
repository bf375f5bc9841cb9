"""Connections to PostgreSQL; a session carries nothing from one request to the next."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolAcquireContext

from app.adapters.database.connection import WRITABLE
from app.adapters.database.limits import refusal_in, session_settings
from app.adapters.database.shares import Key, Shares
from app.adapters.outage import CannotStart, is_read_only, spoils_connection

if TYPE_CHECKING:
    from asyncpg import Connection as _Connection
    from asyncpg import Pool as _Pool
    from asyncpg import Record

    Pool: TypeAlias = _Pool[Record]
    Connection: TypeAlias = _Connection[Record]
    _Lease: TypeAlias = PoolAcquireContext[Record]
else:
    Pool, _Lease = asyncpg.Pool, PoolAcquireContext

PATIENCE = timedelta(seconds=10)
WAIT_FOR_CONNECTION = 2.0
"""Seconds that a call waits for a connection. Then it is answered 503, and can be tried again."""
WAIT_FOR_LOCK = timedelta(milliseconds=1_500)
"""How long a statement waits for a row that somebody else holds, as the row of a case."""
OVERTIME = timedelta(seconds=1)
"""How much longer a statement is waited for than the server itself lets it run."""
IDLE = timedelta(seconds=30)
"""After this long without a statement a transaction is ended, with all locks that it holds."""


class NoConnection(TimeoutError):
    """No connection was free in time."""


class PoolerUnsupported(CannotStart):
    """A pooler or proxy that keeps sessions of its own stands before PostgreSQL."""

    def __init__(self) -> None:
        super().__init__(
            "A pooler, such as PgBouncer, stands between the service and PostgreSQL. It is not"
            " supported: settings of a session, prepared statements and LISTEN get lost there."
            " Give the address of PostgreSQL itself; the service has a pool of its own"
            " (docs/en/operation.md#poolers)."
        )


async def open_pool(
    url: str,
    size: int,
    name: str,
    patience: timedelta = PATIENCE,
    limits: Mapping[str, int] | None = None,
) -> "Pool":
    """A pool of up to `size` connections, shown in PostgreSQL as `name`.

    Nothing waits without a limit: for a connection `WAIT_FOR_CONNECTION`, for a row
    `WAIT_FOR_LOCK`, for a statement `patience`. A database that hangs, or a row that is held, must
    not block every request.

    Args:
        limits: how much an agency may do on a day through this pool, by the names of
            `DayLimits`, and how many `clients` it may have.

    Raises:
        PoolerUnsupported: the address is a pooler's.
    """
    pool = _BoundedPool(
        url,
        size=size,
        target_session_attrs=WRITABLE,
        command_timeout=(patience + OVERTIME).total_seconds(),
        server_settings={
            "application_name": name,
            "lock_timeout": _milliseconds(WAIT_FOR_LOCK),
            "statement_timeout": _milliseconds(patience),
            "idle_in_transaction_session_timeout": _milliseconds(IDLE),
            **session_settings(limits or {}),
        },
    )
    try:
        await pool
        async with pool.acquire() as connection:
            await _check_session(connection)
    except BaseException as error:
        pool.terminate()
        if isinstance(error, asyncpg.PostgresError) and "startup parameter" in str(error):
            raise PoolerUnsupported from None
        raise
    return pool


class _BoundedPool(Pool):
    """A pool in which waiting ends, and a connection of no more use is thrown away."""

    __slots__ = ("shares",)

    def __init__(self, url: str, size: int, **arguments: Any) -> None:
        self.shares = Shares(size)
        super().__init__(
            url,
            min_size=1,
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            reset=_nothing_to_reset,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            **arguments,
        )

    def acquire(self, *, timeout: float | None = None) -> "_BoundedLease":
        """A connection for the block, within a bounded time.

        Raises, when the block is entered:
            NoConnection: none was free in time.

        Raises, when it is left:
            TooManyToday: an agency has done enough of something on this day.
        """
        return _BoundedLease(self, timeout)


class _BoundedLease(_Lease):
    __slots__ = ("_claims", "_shares", "_wait")

    def __init__(self, pool: _BoundedPool, timeout: float | None) -> None:
        super().__init__(pool, None)
        self._wait = WAIT_FOR_CONNECTION if timeout is None else timeout
        self._claims: list[Key] = []
        self._shares = pool.shares

    async def __aenter__(self) -> Any:
        try:
            async with asyncio.timeout(self._wait):
                await self._shares.enter(self._claims)
                return await super().__aenter__()
        except TimeoutError:
            self._shares.leave(self._claims)
            raise NoConnection from None
        except BaseException:
            self._shares.leave(self._claims)
            raise

    async def __aexit__(self, *exc: object) -> None:
        error = exc[1]
        try:
            if isinstance(error, BaseException) and spoils_connection(error):
                await self._throw_away(error)
            await super().__aexit__(*exc)
        finally:
            self._shares.leave(self._claims)
        if refusal := refusal_in(error if isinstance(error, BaseException) else None):
            raise refusal from None

    async def _throw_away(self, error: BaseException) -> None:
        if self.connection is not None:
            self.connection.terminate()
        if is_read_only(error):
            # The others lead to the same server. Each is opened anew when it is next needed.
            await self.pool.expire_connections()


async def _check_session(connection: Any) -> None:
    """Check that the session is one with the server, and is this connection's alone.

    Raises:
        PoolerUnsupported: it is not.
    """
    # A pooler gives the client a process id that it made up, and drops settings that it does not
    # know, if it was told to ignore them.
    process = await connection.fetchval("SELECT pg_backend_pid()")
    kept = await connection.fetchval("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'")
    if process != connection.get_server_pid() or kept != _milliseconds(WAIT_FOR_LOCK):
        raise PoolerUnsupported


def _milliseconds(time: timedelta) -> str:
    return str(time // timedelta(milliseconds=1))


async def _nothing_to_reset(connection: "Connection") -> None:
    """Every setting is local to a transaction, so there is nothing to reset.

    asyncpg's own reset is a round trip for each request: a tenth of the cost of a submit.
    """
