"""Expires proposals that nobody approved in time, and notifies their agency."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from app.adapters.acts.acts import SETTLE
from app.adapters.acts.rows import inbox_item, read_act, settle_act_json
from app.adapters.inbox.bell import ring
from app.domain.acts.acts import ActState
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

DUE = "SELECT due_acts($1, $2)"
MOST = 50
"""Proposals that are expired in one step."""


class Expiry:
    """Expires proposals that are due. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def expire_due(self) -> int:
        """Expire proposals that are due; how many there were, at most `MOST`."""
        at = self._clock()
        async with self._pool.acquire() as connection, connection.transaction():
            rows = json.loads(await connection.fetchval(DUE, at, MOST))
            # By agency: every writer locks mailboxes in this order, so that none waits in a ring.
            for row in sorted(rows, key=lambda row: (row["agency_id"], row["id"])):
                act = replace(read_act(row), state=ActState.EXPIRED, decided_at=at)
                items = [inbox_item(act, "act.expired")]
                await connection.execute(SETTLE, settle_act_json(act, None, at, items))
        await ring(self._pool, {row["agency_id"] for row in rows})
        return len(rows)
