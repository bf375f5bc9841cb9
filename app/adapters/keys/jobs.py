"""What keys have the worker do."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.job import Job, PeriodicJob
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.retirement import Retiring
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
    """Put keys under the active master key, and take old master keys away.

    Args:
        masters_folder: where the master keys lie; None if another process keeps them.
        backup_age: how long a backup may hold what lay under a key.
    """
    yield PeriodicJob(Rewrapping(pool, service, clock).step, gently=True)
    if masters_folder is not None:
        yield PeriodicJob(Retiring(pool, masters_folder, backup_age, clock).step)
