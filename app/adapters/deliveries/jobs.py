"""Jobs of the worker for deliveries."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.deliveries.overdue import MOST, Overdue
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Notify senders and recipients of messages that were not acknowledged in time."""
    yield PeriodicJob(Overdue(pool, clock).tell_late, MOST)
