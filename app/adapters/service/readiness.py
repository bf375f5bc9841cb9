"""Whether the service can do its work: the database, its tables, and the keys that open them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.adapters.database.clock import DatabaseClock
from app.adapters.database.migrations import CONFIGURATION
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.vault import binding
from app.adapters.outage import CannotStart, is_outage, spoils_connection
from app.domain.keys.ports import CannotOpen, KeyService, KeyServiceAway, WrappedKey

if TYPE_CHECKING:
    from asyncpg import Record

    from app.adapters.database.pool import Connection, Pool

STATE = """
    SELECT schema_revision() AS revision, masters_in_use() AS masters,
        NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS writable
"""
SAMPLES = "SELECT referral_id, class, master, wrapped FROM sample_keys()"
PATIENCE = 2.0
"""Seconds after which a database that does not answer counts as away."""
KEPT = 1.0
"""Seconds for which a finding is given again. Anybody may ask, as often as they like."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    """What the database says of itself; nothing when it is away."""

    amiss: Sequence[str]
    masters: Sequence[int] = ()


class Readiness:
    """Checks the database, the clock and the keys, on which the service depends.

    It has a connection of its own, so that it says how the database is, and not how much the
    service has to do: calls that wait for a case that is held do not make it say no.
    """

    def __init__(
        self, url: str, folder: KeyFolder, service: KeyService, clock: DatabaseClock
    ) -> None:
        self._database = _OwnConnection(url)
        self._folder = folder
        self._service = service
        self._clock = clock
        self._newest = ScriptDirectory.from_config(Config(CONFIGURATION)).get_current_head()
        self._last: Sequence[str] = ()
        self._until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def failing_parts(self) -> list[str]:
        """The parts that do not work: `database`, `writes`, `migrations`, `keys`, `clock`.

        The database and keys are looked at most once within `KEPT` seconds, however many ask.
        """
        async with self._one_at_a_time:
            if time.monotonic() >= self._until:
                self._last = await self._look()
                self._until = time.monotonic() + KEPT
        return [*self._last, *(["clock"] if self._clock.is_off() else [])]

    async def check_keys(self, pool: "Pool") -> None:
        """Check that sealed messages can be opened.

        Raises:
            CannotStart: a master key is missing, or has been replaced by another.
        """
        try:
            for referral_id, data_class, master, wrapped in await pool.fetch(SAMPLES):
                stored = WrappedKey(master, wrapped)
                await self._service.unwrap([(binding(referral_id, data_class), stored)])
        except CannotOpen:
            raise CannotStart(
                f"The database holds sealed messages, and master key {master}, which opens"
                " them, is not in the key folder, or is another one. Restore the folder from"
                " its backup; nothing was changed."
            ) from None
        except KeyServiceAway:
            # It may come back. Until then every call that needs a key is answered 503.
            _log.warning("the key service does not answer; starting without having tried the keys")

    async def aclose(self) -> None:
        """Close the connection."""
        await self._database.close()

    async def _look(self) -> list[str]:
        state = await self._state()
        if self._clock.is_off():  # which key is in use depends on the time
            return list(state.amiss)
        return [*state.amiss, *await self._keys(state.masters)]

    async def _state(self) -> _State:
        try:
            row = await self._database.row(STATE)
        except Exception as error:
            if not is_outage(error):
                raise
            return _State(["database"])
        writes = [] if row["writable"] else ["writes"]
        if writes:
            await self._database.close()  # another server may take writes now, at the same address
        migrations = [] if row["revision"] == self._newest else ["migrations"]
        return _State([*writes, *migrations], row["masters"] or ())

    async def _keys(self, used: Sequence[int]) -> list[str]:
        """`keys` if one is missing that is needed to sign, or that wraps something that is kept."""
        try:
            async with asyncio.timeout(PATIENCE):
                versions = [master.version for master in await self._service.masters()]
                usable = bool(self._folder.signing() and versions and set(used) <= set(versions))
        except (OSError, ValueError):  # TimeoutError and KeyServiceAway are of the first kind
            usable = False
        return [] if usable else ["keys"]


@dataclass(slots=True)
class _OwnConnection:
    """One connection, opened when it is first needed, and again after it was lost."""

    url: str = field(repr=False)
    connection: "Connection | None" = field(default=None, repr=False)

    async def row(self, statement: str) -> "Record":
        """The only row of an answer, within `PATIENCE`, on a connection that works.

        A connection that was lost since it was last used says nothing of the database now.
        """
        try:
            return await self._row(statement)
        except Exception as error:
            if isinstance(error, TimeoutError) or not is_outage(error):
                raise
            return await self._row(statement)

    async def close(self) -> None:
        """Close it; it is opened again when it is needed."""
        if self.connection is not None:
            self.connection.terminate()
            self.connection = None

    async def _row(self, statement: str) -> "Record":
        try:
            async with asyncio.timeout(PATIENCE):
                if self.connection is None or self.connection.is_closed():
                    self.connection = await asyncpg.connect(
                        self.url, server_settings={"application_name": "tsunagu readiness"}
                    )
                row = await self.connection.fetchrow(statement)
        except Exception as error:
            if self.connection is not None and spoils_connection(error):
                self.connection.terminate()
            raise
        assert row is not None  # noqa: S101 - for mypy: the statement has one
        return row
