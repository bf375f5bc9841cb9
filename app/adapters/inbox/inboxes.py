"""The inbox of an agency: its items in one order without gaps, and their acknowledgements."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.adapters.inbox.rows import AcknowledgementJson, InboxStatusJson
from app.adapters.inbox.waiting import Poller, WaitingCalls
from app.adapters.log.entry import log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.errors import Invalid

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool
    from app.adapters.inbox.bell import Bell

READ = "SELECT read_inbox($1, $2, $3, $4)"
STATUS = "SELECT inbox_status($1)"
ACKNOWLEDGE = "SELECT acknowledge($1, $2, $3, $4, $5, $6, $7)"
LOOK_AGAIN = 1.0
"""Seconds after which a waiting call reads the inbox again: a ring of the bell can be lost."""
MOST_ACKNOWLEDGED = 1_000
"""Items acknowledged by one call; `more` says that others are left."""
NOTHING = '{"items":[]'


class Inboxes:
    """Reads and acknowledges the items in an agency's inbox."""

    def __init__(self, pool: "Pool", bell: "Bell", clock: Clock) -> None:
        self._pool = pool
        self._bell = bell
        self._clock = clock
        self.waiting = WaitingCalls()

    async def read(
        self,
        agency_id: str,
        after: int,
        limit: int,
        wait: float,
        *,
        unacknowledged: bool,
        client: str = "",
        address: str = "",
    ) -> str:
        """A page of the inbox after a position, as JSON text.

        Args:
            wait: seconds to wait for an item if there is none yet. When many calls of the client,
                or of the agency, wait already, another one does not. It waits for less if its
                connection is needed for others.
            client: who asks.
            address: the network from which.
        """
        poller = Poller(agency_id, client, address)
        if wait <= 0 or not self.waiting.may_wait(poller):
            return await self._page(agency_id, after, limit, unacknowledged)
        until = time.monotonic() + wait
        with self._bell.subscribe(agency_id) as event, self.waiting.waiting(poller, event) as call:
            while True:
                # Cleared before the page is read: a ring during that ends the wait that follows.
                event.clear()
                page = await self._page(agency_id, after, limit, unacknowledged)
                remaining = until - time.monotonic()
                if not page.startswith(NOTHING) or remaining <= 0 or call.is_ended:
                    return page
                try:
                    async with asyncio.timeout(min(LOOK_AGAIN, remaining)):
                        await event.wait()
                except TimeoutError:
                    continue

    async def status(self, agency_id: str) -> InboxStatusJson:
        """The last position, the oldest waiting and unacknowledged items, and the counts."""
        text = await self._pool.fetchval(STATUS, agency_id)
        status: InboxStatusJson = json.loads(text)
        return status

    async def acknowledge(
        self, caller: Caller, positions: Sequence[int], through: int | None
    ) -> AcknowledgementJson:
        """Acknowledge items (受領) as the caller's seat. A repeat changes nothing.

        Raises:
            Invalid: a position that the inbox has not reached.
        """
        at = self._clock()
        # The database function adds the positions to the log entry.
        entry = log_entry(at, "acknowledgement", {}, caller)
        text = await self._pool.fetchval(
            ACKNOWLEDGE,
            caller.agency_id,
            caller.seat_id,
            at,
            positions,
            through,
            MOST_ACKNOWLEDGED,
            json.dumps(entry.row()),
        )
        if text is None:
            pointer = "/through" if through is not None else "/positions"
            raise Invalid.at(pointer, "beyond_head")
        acknowledgement: AcknowledgementJson = json.loads(text)
        return acknowledgement

    async def _page(self, agency_id: str, after: int, limit: int, unacknowledged: bool) -> str:
        page: str = await self._pool.fetchval(READ, agency_id, after, limit, unacknowledged)
        return page
