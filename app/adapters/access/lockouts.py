"""Lockout after wrong client secrets, and the notification of the agency.

Failures are counted in PostgreSQL, so that a lockout holds in every API process.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

_LOCKED = "SELECT secret_locked_until($1, $2)"
_FAILED = "SELECT secret_failed($1, $2, $3, $4, $5, $6)"
_SUCCEEDED = "SELECT secret_succeeded($1, $2)"
_PROVEN = "SELECT secret_proven($1, $2)"
_TELL = "SELECT tell_lockouts($1, $2)"
MOST = 200
"""Agencies that are notified in one step."""


NOTED_AGAIN = timedelta(hours=1)
"""A right secret is noted once in this time, for each client and place."""
MOST_NOTED = 10_000
"""Of how many this is remembered."""


@dataclass(frozen=True, slots=True)
class LockoutTerms:
    """When a client is locked out: after `failures` wrong secrets within `window`.

    `longest`: the longest lockout; each one is twice as long as the one before.
    """

    failures: int
    """0: nobody is ever locked out."""
    window: timedelta
    longest: timedelta


class SecretFailures:
    """Counts wrong secrets for a client id from one place, whether or not the client exists."""

    def __init__(self, pool: "Pool", terms: LockoutTerms) -> None:
        self._pool = pool
        self._terms = terms
        self._noted: dict[bytes, datetime] = {}

    async def locked_until(self, client_id: str, place: str, at: datetime) -> datetime | None:
        """Until when secrets for this id from that place are refused; None if they are not."""
        if not self._terms.failures:
            return None
        until: datetime | None = await self._pool.fetchval(_LOCKED, _key(client_id, place), at)
        return until

    async def note_failure(self, client_id: str, place: str, at: datetime) -> None:
        """Count a wrong secret."""
        if self._terms.failures:
            await self._pool.execute(
                _FAILED,
                _key(client_id, place),
                client_id,
                at,
                self._terms.window,
                self._terms.failures,
                self._terms.longest,
            )

    async def note_success(self, client_id: str, place: str, at: datetime) -> None:
        """Remember that the secret of this client was right at that place."""
        key = _key(client_id, place)
        noted = self._noted.get(key)
        if not self._terms.failures or (noted is not None and at < noted + NOTED_AGAIN):
            return
        await self._pool.execute(_SUCCEEDED, key, at)
        self._noted.pop(key, None)
        while len(self._noted) >= MOST_NOTED:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = at

    async def is_proven(self, client_id: str, place: str, at: datetime) -> bool:
        """Whether the secret of this client was right at that place within a week."""
        return bool(await self._pool.fetchval(_PROVEN, _key(client_id, place), at))


class Lockouts:
    """Notifies agencies of lockouts. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def notify_agencies(self) -> int:
        """Write new lockouts to the log and to inboxes; how many agencies were notified."""
        agencies: list[str] = await self._pool.fetchval(_TELL, self._clock(), MOST)
        await ring(self._pool, agencies)
        return len(agencies)


def _key(client_id: str, place: str) -> bytes:
    # A hash, since anything may have been typed as the id. No client id contains a space.
    return hashlib.sha256(f"{client_id} {place}".encode()).digest()
