"""What consents have the worker do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.consents.return_requests import MOST, LateReturnRequests
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Remind of return requests that are not answered in time."""
    yield PeriodicJob(LateReturnRequests(pool, clock).tell_late, MOST)
