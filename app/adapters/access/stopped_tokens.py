"""Which tokens have ended before they expire, kept in memory: asked at every call."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.log.entry import entries_json, log_entry
from app.domain.access.clients import Revocation
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from asyncpg import Pool, Record

    from app.domain.access.caller import Caller

_STOPS = "SELECT token_stops($1)"
_REVOKE = "SELECT revoke_token($1, $2, $3, $4, $5, $6)"
MOST = 1_000
"""Tokens of one client that are remembered as revoked; one more, and all of its tokens end."""
_SLACK = 60.0
"""Seconds for which a revoked token is remembered after it has expired: clocks may differ."""

_log = logging.getLogger(__name__)


class SwitchedOff:
    """What has been stopped, as old as the last `refresh`.

    A token says how often its client, seat and agency had been stopped when they were looked up.
    It is dead if one of them was stopped since, so what was let in again needs a new token.
    """

    def __init__(
        self, pool: "Pool[Record]", clock: Clock, pause: timedelta = timedelta(seconds=1)
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._pause = pause.total_seconds()
        self._number = -1
        self._agencies: dict[str, int] = {}
        self._seats: dict[str, int] = {}
        self._clients: dict[str, int] = {}
        self._revoked: dict[str, float] = {}

    def is_active(self, caller: "Caller", jti: str, stops: int) -> bool:
        """Whether nothing has ended a token that was issued to `caller` after so many stops."""
        # Each of the three counts only ever grows, so their sum tells whether one of them has.
        since = (
            self._clients.get(caller.client_id, 0)
            + self._seats.get(caller.seat_id, 0)
            + self._agencies.get(caller.agency_id, 0)
        )
        return since <= stops and jti not in self._revoked

    async def revoke(self, revocation: Revocation) -> None:
        """End one token: here at once, elsewhere at the next look."""
        detail = {"token": revocation.jti}
        entry = log_entry(revocation.at, "revocation", detail, None, [revocation.agency_id]).acting(
            revocation.agency_id, revocation.seat_id, revocation.client_id
        )
        await self._pool.execute(
            _REVOKE,
            revocation.jti,
            revocation.client_id,
            revocation.expires_at,
            revocation.at,
            MOST,
            entries_json([entry]),
        )
        await self.refresh()

    async def refresh(self) -> bool:
        """Read what was stopped since the last look, and say whether there was something."""
        found = json.loads(await self._pool.fetchval(_STOPS, self._number))
        stopped = {"agency": self._agencies, "seat": self._seats, "client": self._clients}
        for kind, its_id, times in found["stopped"]:
            # Two looks at once may end in either order: the greater count is the newer one.
            stopped[kind][its_id] = max(times, stopped[kind].get(its_id, 0))
        self._revoked.update(found["revoked"])
        self._forget()
        counted: int = found["number"]
        news = counted > self._number
        self._number = max(counted, self._number)
        return news

    async def watch(self) -> None:
        """Refresh every second, until cancelled. While the database is away, the old stays."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.refresh()
            except Exception as error:
                # Whatever it is: if this ended, nobody would notice that stopped tokens still work.
                _log.warning("stopped tokens not refreshed: %s", type(error).__name__)

    def _forget(self) -> None:
        past = self._clock().timestamp() - _SLACK
        for jti in [jti for jti, expires in self._revoked.items() if expires < past]:
            del self._revoked[jti]
