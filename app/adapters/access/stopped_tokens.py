"""Tokens that were revoked or stopped before they expire, kept in memory for every call."""

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


class StoppedTokens:
    """Which tokens were revoked or stopped, as of the last `refresh`.

    A token carries how often its client, seat and agency had been stopped when it was issued. It
    is no longer valid if one of them was stopped since; whoever is enabled again needs a new token.
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
        """Whether a token is still valid that was issued to `caller` after so many stops."""
        # Each of the three counts only grows, so their sum has grown if one of them has.
        since = (
            self._clients.get(caller.client_id, 0)
            + self._seats.get(caller.seat_id, 0)
            + self._agencies.get(caller.agency_id, 0)
        )
        return since <= stops and jti not in self._revoked

    async def revoke(self, revocation: Revocation) -> None:
        """Revoke one token: in this process at once, in others at their next `refresh`."""
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
        """Read what was stopped or revoked since the last refresh; whether there was anything."""
        answer = json.loads(await self._pool.fetchval(_STOPS, self._number))
        stopped = {"agency": self._agencies, "seat": self._seats, "client": self._clients}
        for kind, its_id, times in answer["stopped"]:
            # Two refreshes at once may end in either order: the greater count is the newer one.
            stopped[kind][its_id] = max(times, stopped[kind].get(its_id, 0))
        self._revoked.update(answer["revoked"])
        self._forget_expired()
        newest: int = answer["number"]
        changed = newest > self._number
        self._number = max(newest, self._number)
        return changed

    async def watch(self) -> None:
        """Refresh every second, until cancelled. While the database is away, the old stays."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.refresh()
            except Exception as error:
                # Whatever it is: if this task ended, tokens stopped later would go on working.
                _log.warning("stopped tokens not refreshed: %s", type(error).__name__)

    def _forget_expired(self) -> None:
        expired_before = self._clock().timestamp() - _SLACK
        for jti in [jti for jti, expires in self._revoked.items() if expires < expired_before]:
            del self._revoked[jti]
