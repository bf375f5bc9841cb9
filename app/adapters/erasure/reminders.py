"""Notifies agencies before their legal holds end."""

from typing import TYPE_CHECKING

from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

REMIND = "SELECT remind_of_holds($1, $2)"
MOST = 50
"""Holds of which agencies are reminded in one step."""


class HoldReminders:
    """Reminds of holds that end soon. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def remind(self) -> int:
        """Notify agencies of holds that end within 30 days; how many agencies."""
        agencies: list[str] = await self._pool.fetchval(REMIND, self._clock(), MOST)
        await ring(self._pool, set(agencies))
        return len(agencies)
