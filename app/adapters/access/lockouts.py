"""Guesses at secrets: counted in PostgreSQL, so that a lock holds in every process, and told."""

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
_TELL = "SELECT tell_lockouts($1, $2)"
MOST = 200


@dataclass(frozen=True, slots=True)
class LockoutTerms:
    """How many wrong secrets within how long lock, and for how long at most."""

    failures: int
    """0: nobody is ever locked out."""
    window: timedelta
    longest: timedelta


class Guesses:
    """Counts wrong secrets for a client's id from one place, be there such a client or not."""

    def __init__(self, pool: "Pool", terms: LockoutTerms) -> None:
        self._pool = pool
        self._terms = terms

    async def locked_until(self, client_id: str, place: str, at: datetime) -> datetime | None:
        """Until when no secret for this id is looked at from that place; None: it is."""
        if not self._terms.failures:
            return None
        found: datetime | None = await self._pool.fetchval(_LOCKED, _key(client_id, place), at)
        return found

    async def note_failure(self, client_id: str, place: str, at: datetime) -> None:
        """Take note of a wrong secret."""
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


class Lockouts:
    """Tells agencies of locks. Any number of workers may do it at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_new(self) -> int:
        """Put what is untold into log and inboxes; how many agencies were told."""
        agencies: list[str] = await self._pool.fetchval(_TELL, self._clock(), MOST)
        await ring(self._pool, agencies)
        return len(agencies)


def _key(client_id: str, place: str) -> bytes:
    # No client id has a space. What was typed as an id may be anything, so it is not kept itself.
    return hashlib.sha256(f"{client_id} {place}".encode()).digest()
