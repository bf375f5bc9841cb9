"""The background job of acts: expiring proposals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.acts.expiry import MOST, Expiry
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock) -> Iterator[Job]:
    """Expire proposals that nobody approved in time."""
    yield PeriodicJob(Expiry(pool, clock).expire_due, MOST)
