"""Jobs of the worker for referrals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.job import Job, PeriodicJob
from app.adapters.referrals.deadlines import Deadlines
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Remind agencies of the deadlines that have come."""
    yield PeriodicJob(Deadlines(pool, clock).tell_due)
