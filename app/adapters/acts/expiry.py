"""Proposals that nobody approved in time: settled as expired, and told to their agency."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from app.adapters.acts.acts import SETTLE
from app.adapters.acts.rows import inbox_item, read_act, settling
from app.adapters.inbox.bell import ring
from app.domain.acts.acts import ActState
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

DUE = "SELECT due_acts($1, $2)"
MOST = 50


class Expiry:
    """Ends proposals that have run out. Any number of workers may do it at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def end_due(self) -> int:
        """End what has run out; how many there were, at most `MOST`."""
        at = self._clock()
        async with self._pool.acquire() as connection, connection.transaction():
            rows = json.loads(await connection.fetchval(DUE, at, MOST))
            # By agency: whoever fills several mailboxes takes them in this order.
            for row in sorted(rows, key=lambda row: (row["agency_id"], row["id"])):
                act = replace(read_act(row), state=ActState.EXPIRED, decided_at=at)
                told = [inbox_item(act, "act.expired")]
                await connection.execute(SETTLE, settling(act, None, at, told))
        await ring(self._pool, {row["agency_id"] for row in rows})
        return len(rows)
