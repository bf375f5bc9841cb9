"""Terms that run out: told to the sender and to whoever has not acknowledged."""

import json
from typing import TYPE_CHECKING

from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

TELL = "SELECT tell_deliveries($1, $2)"
MOST = 200


class Overdue:
    """Tells of messages that are overdue or have failed. Any number of workers may do it."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_late(self) -> int:
        """Look at the messages whose terms have run out; how many there were, at most `MOST`."""
        told = json.loads(await self._pool.fetchval(TELL, self._clock(), MOST))
        await ring(self._pool, told["agencies"])
        looked_at: int = told["looked_at"]
        return looked_at
