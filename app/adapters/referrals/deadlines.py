"""Deadlines: the days that an agency has to keep, and their reminders in its inbox."""

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.inbox.bell import ring
from app.adapters.referrals.reading import EVERY_CLASS
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
        after: tuple[Any, UUID, str] | None,
        limit: int,
        seat: frozenset[str] = EVERY_CLASS,
    ) -> list[dict[str, Any]]:
        """Days that this agency has to keep, as far as the seat may know, the next one first."""
        text = await self._pool.fetchval(
            LIST,
            agency_id,
            *(after or (None, None, None)),
            limit,
            self._clock().date(),
            sorted(seat),
        )
        found: list[dict[str, Any]] = json.loads(text)
        return found


class Deadlines:
    """Tells agencies of the days that have come. Any number of workers may do it at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_due(self) -> int:
        """Put what is due into the inboxes; how many agencies were told, at most `MOST` items."""
        at = self._clock()
        agencies: list[str] = await self._pool.fetchval(TELL, at, at.date(), MOST)
        await ring(self._pool, agencies)
        return len(agencies)
