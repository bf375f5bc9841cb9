"""Removing master keys that two operators have let go, when no backup needs them any more."""

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


class Retiring:
    """Takes approved keys out of this machine's folder; each machine's worker does so in its own.

    Args:
        backup_age: how long after nothing lay under a key a backup may hold what did.
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
        """Remove what may go now, and say how many that were."""
        if self._ticks() < self._look_at:
            return 0
        self._look_at = self._ticks() + LOOK_EVERY
        at = self._clock()
        approved = await self._pool.fetchval(APPROVED, at - self._backup_age)
        if not approved:
            return 0
        try:
            here = [key.version for key in self._folder.masters()]
            # Whatever was approved, the newest is not old.
            going = sorted(set(approved) & set(here[:-1]))
            for version in going:
                told = entries_json(
                    [
                        administration_entry(
                            at, "master_key.retired", [], {"master": version}, by="worker"
                        )
                    ]
                )
                await self._pool.execute(NOTE, version, at, told)
                self._folder.remove_master(version)
        except OSError as error:
            _log.error("a retired master key cannot be removed (%s)", type(error).__name__)
            return 0
        return len(going)
