"""The database, keys and bell of a process: opened at its start, closed at its end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.database.clock import DatabaseClock
from app.adapters.database.pool import PATIENCE, open_pool
from app.adapters.inbox.bell import Bell
from app.adapters.keys.checkpoint_keys import CheckpointKeys, prepare_checkpoint_keys
from app.adapters.keys.choice import key_service
from app.adapters.keys.folder import KeyFolder
from app.adapters.outage import CannotStart
from app.domain.calendar.clock import CLOCK_TOLERANCE, Clock
from app.domain.keys.ports import KeyService
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


@dataclass(frozen=True, slots=True)
class Resources:
    """The database, the keys and the clock of one process, and its settings."""

    settings: Settings
    clock: Clock
    """Gives no time while the machine's clock differs from the database's."""
    database_clock: DatabaseClock
    pool: "Pool"
    key_folder: KeyFolder
    key_service: KeyService
    bell: Bell

    def checkpoint_keys(self) -> CheckpointKeys:
        """The keys that sign the log's checkpoints; the first one is made at the first start.

        Raises:
            CannotStart: the settings give the log another name than it has.
        """
        settings = self.settings
        return prepare_checkpoint_keys(
            self.key_folder, self.clock(), settings.log_origin, settings.log_name
        )


@asynccontextmanager
async def open_resources(
    settings: Settings,
    clock: Clock,
    url: str,
    pool_size: int,
    pool_name: str,
    patience: timedelta = PATIENCE,
    limits: Mapping[str, int] | None = None,
) -> AsyncIterator[Resources]:
    """Open the resources of a process, and close them at the end of the block.

    Args:
        url: how the process logs in to the database.
        pool_size: the most connections that it opens.
        pool_name: what PostgreSQL calls them.
        patience: how long one statement may take.
        limits: how much an agency may do, as `open_pool` takes it.

    Raises:
        CannotStart: the clock of this machine is off.
    """
    async with AsyncExitStack() as closing:
        pool = await open_pool(url, pool_size, pool_name, patience, limits)
        closing.push_async_callback(pool.close)
        database_clock = await _compared_clock(pool)
        closing.push_async_callback(_cancel, asyncio.create_task(database_clock.watch()))
        clock = database_clock.guard(clock)
        folder = KeyFolder(settings.data_dir / "keys")
        keys = key_service(settings.key_service, folder, clock)
        closing.push_async_callback(keys.aclose)
        bell = Bell(pool, url)
        await bell.start()
        closing.push_async_callback(bell.stop)
        yield Resources(settings, clock, database_clock, pool, folder, keys, bell)


async def _compared_clock(pool: "Pool") -> DatabaseClock:
    database_clock = DatabaseClock(pool)
    await database_clock.compare()
    if database_clock.is_off():
        raise CannotStart(
            f"The clock of this machine is {database_clock.ahead():+.1f} seconds from the"
            f" database's, and may be {CLOCK_TOLERANCE.total_seconds():.0f}. Synchronise both"
            " (NTP), and start again."
        )
    return database_clock


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
