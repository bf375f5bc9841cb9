"""Delivery terms that have run out: items for the sender and those who have not acknowledged."""

import json
from typing import TYPE_CHECKING

from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

TELL = "SELECT tell_deliveries($1, $2)"
MOST = 200


class Overdue:
    """Notifies agencies of overdue and failed messages. Any number of workers may run it."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_late(self) -> int:
        """Notify of messages whose terms have run out; how many were looked at, at most `MOST`."""
        row = json.loads(await self._pool.fetchval(TELL, self._clock(), MOST))
        await ring(self._pool, row["agencies"])
        looked_at: int = row["looked_at"]
        return looked_at
