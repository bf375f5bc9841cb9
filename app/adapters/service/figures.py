"""Figures of the whole service for its metrics: what waits, and how attempts ended."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.adapters.outage import is_outage
from app.domain.calendar.clock import Clock
from app.domain.erasure.clock import Rule
from app.domain.erasure.objections import OVERWRITE_WITHIN
from app.domain.erasure.retention import Periods

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

ERASURES = "SELECT erasure_figures($1, $2, $3)"
OVERWRITING = "SELECT overwriting_figures($1)"
FIGURES = "SELECT delivery_figures($1) AS delivery, l.* FROM log_figures($1) AS l"

KEPT = 5.0
"""Seconds for which figures are given again."""

_log = logging.getLogger(__name__)

MOST_DUE = 10_000
"""The backlog of erasures is counted up to this number."""


@dataclass(frozen=True, slots=True)
class ErasureFigures:
    """Erasures of all agencies."""

    erasures: Mapping[str, int]
    """Done so far, by rule."""
    due: Mapping[str, int]
    """To be done, by rule, up to `MOST_DUE`."""
    late: bool
    """Whether one has been due for more than a day."""


@dataclass(frozen=True, slots=True)
class OverwritingFigures:
    """How the overwriting of erased keys in files and WAL stands."""

    late: bool
    """Whether one was erased longer ago than the setting says, and is not overwritten."""
    obstacles: Sequence[str]
    """What in the configuration of PostgreSQL keeps erased keys, by code."""


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """Counts over all agencies."""

    webhooks: Mapping[str, int]
    """By state."""
    failing: int
    pending: int
    """Notices for active webhooks that have not arrived."""
    due: int
    oldest: float
    """Seconds since the oldest of these was made."""
    late: float
    """Seconds for which a notice for a healthy endpoint has been due without being tried."""
    attempts: Mapping[str, int]
    """So far, by outcome."""
    unsealed: int
    """Log entries that are not sealed yet; an estimate above 10,000."""
    oldest_unsealed: float
    """Seconds since the oldest of these was written."""
    sealed: int
    """Sealed log entries."""
    erasing: ErasureFigures
    overwriting: OverwritingFigures


class Figures:
    """Reads the figures."""

    def __init__(
        self,
        pool: "Pool",
        clock: Clock,
        periods: Periods | None = None,
        overwrite_within: timedelta = OVERWRITE_WITHIN,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._overwrite_within = overwrite_within
        self._periods = periods or Periods()
        self._last: ServiceFigures | None = None
        self._until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def recent(self) -> ServiceFigures | None:
        """The figures as they were at most `KEPT` seconds ago; None while they cannot be read.

        They cost the database more than a message does, and anybody may ask for readiness.
        """
        async with self._one_at_a_time:
            if time.monotonic() >= self._until:
                self._last = await self._read_if_possible()
                self._until = time.monotonic() + KEPT
        return self._last

    async def _read_if_possible(self) -> ServiceFigures | None:
        try:
            return await self.read()
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("the figures of the service cannot be read (%s)", type(error).__name__)
            return None

    async def read(self) -> ServiceFigures:
        """The figures at this moment."""
        (row,) = await self._pool.fetch(FIGURES, self._clock())
        today = self._clock().date()
        erasing = await self._pool.fetchval(
            ERASURES, self._cutoffs(today), self._cutoffs(today - timedelta(days=1)), MOST_DUE
        )
        before = self._clock() - self._overwrite_within
        overwriting = await self._pool.fetchval(OVERWRITING, before)
        return ServiceFigures(
            erasing=ErasureFigures(**json.loads(erasing)),
            overwriting=OverwritingFigures(**json.loads(overwriting)),
            **json.loads(row["delivery"]),
            unsealed=row["unsealed"],
            oldest_unsealed=row["oldest"],
            sealed=row["sealed"],
        )

    def _cutoffs(self, today: date) -> str:
        """By rule, the last day whose period is over."""
        days = {r.value: self._periods.of(r).last_over(today).isoformat() for r in Rule}
        return json.dumps(days)
