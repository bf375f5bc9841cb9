"""Jobs of the worker for referrals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.job import Job, PeriodicJob
from app.adapters.keys.vault import Vault
from app.adapters.referrals.deadlines import Deadlines
from app.adapters.referrals.fact_sealing import BATCH, FactSealing
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import KeyService

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock, service: KeyService) -> Iterator[Job]:
    """Remind agencies of the deadlines that have come, and seal facts that are in clear."""
    yield PeriodicJob(Deadlines(pool, clock).tell_due)
    yield PeriodicJob(FactSealing(pool, Vault(service)).seal, BATCH, gently=True)
