"""Deadlines: the day that an agency has to keep, told to its inbox when it comes."""

from typing import TYPE_CHECKING

from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

TELL = "SELECT tell_deadlines($1, $2, $3)"
MOST = 500


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
