"""Deadlines of agencies, and the reminders of them in inboxes."""

import json
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.inbox.bell import ring
from app.adapters.referrals.reading import EVERY_CLASS
from app.adapters.referrals.rows import DeadlineJson
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

LIST = "SELECT list_deadlines($1, $2, $3, $4, $5, $6, $7)"
TELL = "SELECT tell_deadlines($1, $2, $3)"
MOST = 500


class DeadlineList:
    """Reads the deadlines of an agency."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def page(
        self,
        agency_id: str,
        after: tuple[date, UUID, str] | None,
        limit: int,
        seat: frozenset[str] = EVERY_CLASS,
    ) -> list[DeadlineJson]:
        """The deadlines of this agency that the seat may see, the next one first."""
        text = await self._pool.fetchval(
            LIST,
            agency_id,
            *(after or (None, None, None)),
            limit,
            self._clock().date(),
            sorted(seat),
        )
        deadlines: list[DeadlineJson] = json.loads(text)
        return deadlines


class Deadlines:
    """Reminds agencies of deadlines that have come. Any number of workers may run it at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_due(self) -> int:
        """Put reminders into inboxes, at most `MOST`; return how many agencies were notified."""
        at = self._clock()
        agencies: list[str] = await self._pool.fetchval(TELL, at, at.date(), MOST)
        await ring(self._pool, agencies)
        return len(agencies)
