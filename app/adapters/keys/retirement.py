"""Removes master keys whose retirement two operators approved, when no backup needs them."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.keys.folder import KeyFolder
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import entries_json
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

APPROVED = "SELECT approved_retirements($1)"
NOTE = "SELECT note_retirement($1, $2, $3)"
LOOK_EVERY = 5.0
"""Seconds between two looks."""

_log = logging.getLogger(__name__)


class MasterKeyRetirement:
    """Removes approved master keys from this machine's folder. Each machine has a worker for it.

    Args:
        backup_age: how long backups may hold keys that a master key wrapped.
    """

    def __init__(
        self,
        pool: "Pool",
        folder: KeyFolder,
        backup_age: timedelta,
        clock: Clock,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._folder = folder
        self._backup_age = backup_age
        self._clock = clock
        self._ticks = ticks
        self._look_at = ticks()

    async def step(self) -> int:
        """Remove the keys that may be removed now; how many there were."""
        if self._ticks() < self._look_at:
            return 0
        self._look_at = self._ticks() + LOOK_EVERY
        at = self._clock()
        approved = await self._pool.fetchval(APPROVED, at - self._backup_age)
        if not approved:
            return 0
        try:
            versions = [key.version for key in self._folder.masters()]
            # The newest key is never removed, whatever was approved.
            retirable = sorted(set(approved) & set(versions[:-1]))
            for version in retirable:
                entries = entries_json(
                    [
                        administration_entry(
                            at, "master_key.retired", [], {"master": version}, by="worker"
                        )
                    ]
                )
                await self._pool.execute(NOTE, version, at, entries)
                self._folder.remove_master(version)
        except OSError as error:
            _log.error("a retired master key cannot be removed (%s)", type(error).__name__)
            return 0
        return len(retirable)
