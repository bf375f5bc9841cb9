"""Jobs of the worker for deliveries."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.deliveries import recall_requests
from app.adapters.deliveries.overdue import MOST, Overdue
from app.adapters.deliveries.recall_requests import LapsingRequests
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Notify of messages that were not acknowledged in time; let unanswered requests lapse."""
    yield PeriodicJob(Overdue(pool, clock).tell_late, MOST)
    yield PeriodicJob(LapsingRequests(pool, clock).lapse_due, recall_requests.MOST)
