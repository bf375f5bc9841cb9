"""Jobs of the worker for consents."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.consents.return_requests import MOST, LateReturnRequests
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Send reminders of return requests that are not answered in time."""
    yield PeriodicJob(LateReturnRequests(pool, clock).tell_late, MOST)
