"""The background jobs of access: notifying agencies of lockouts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.access.lockouts import Lockouts
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Notify agencies whose clients are locked out."""
    yield PeriodicJob(Lockouts(pool, clock).notify_agencies)
