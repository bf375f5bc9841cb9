"""Figures of the whole service, as the database has them: what waits, and how attempts ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database import Pool

FIGURES = "SELECT delivery_figures($1) AS delivery, l.* FROM log_figures($1) AS l"


@dataclass(frozen=True, slots=True)
class Found:
    """Counts of everything, and of nobody in particular."""

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
    """By outcome, ever."""
    unsealed: int
    """Entries of the log that are not yet in the tree; above 10,000, about."""
    oldest_unsealed: float
    """Seconds since the oldest of these was written."""
    sealed: int
    """Entries that are in the tree."""


class Figures:
    """Reads the figures."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def read(self) -> Found:
        """The figures at this moment."""
        (row,) = await self._pool.fetch(FIGURES, self._clock())
        return Found(
            **json.loads(row["delivery"]),
            unsealed=row["unsealed"],
            oldest_unsealed=row["oldest"],
            sealed=row["sealed"],
        )
