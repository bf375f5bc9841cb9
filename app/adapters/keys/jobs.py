"""The background jobs of keys: rewrapping, and the retirement of master keys."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.job import Job, PeriodicJob
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.retirement import MasterKeyRetirement
from app.adapters.keys.rewrapping import Rewrapping
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import KeyService

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(
    pool: "Pool",
    clock: Clock,
    service: KeyService,
    masters_folder: KeyFolder | None,
    backup_age: timedelta,
) -> Iterator[Job]:
    """Rewrap keys with the active master key, and remove old master keys.

    Args:
        masters_folder: where the master keys are; None if another process keeps them.
        backup_age: how long a backup may hold keys that an old master key wrapped.
    """
    yield PeriodicJob(Rewrapping(pool, service, clock).step, gently=True)
    if masters_folder is not None:
        yield PeriodicJob(MasterKeyRetirement(pool, masters_folder, backup_age, clock).step)
