"""The background job of the log: sealing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.adapters.job import Job, PeriodicJob
from app.adapters.log.sealer import BATCH, Sealer, Signers
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(pool: "Pool", clock: Clock, keys: Signers, origin: str) -> Iterator[Job]:
    """Seal the log's entries into its tree, and sign checkpoints under the name `origin`."""
    yield PeriodicJob(Sealer(pool, keys, origin, clock).seal, BATCH)
