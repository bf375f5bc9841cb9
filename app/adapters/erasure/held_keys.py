"""Destroys keys that erasure took out of use and that legal holds kept, once these have ended."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.erasure.writing import agencies_present, hold
from app.adapters.inbox.bell import ring
from app.adapters.log.entry import log_entry
from app.domain.calendar.clock import Clock
from app.domain.erasure.objections import BACKUP_AGE, HeldReferral, complete_on
from app.domain.erasure.retention import REFUSED

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

DUE = "SELECT due_held_keys($1)"
READ = "SELECT read_held_keys($1)"
DESTROY = "SELECT destroy_held_keys($1)"
MOST = 25
"""Referrals in one step, each in a transaction of its own."""


class HeldKeys:
    """Destroys kept keys that are due. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock, backup_age: timedelta = BACKUP_AGE) -> None:
        self._pool = pool
        self._clock = clock
        self._backup_age = backup_age

    async def destroy_due(self) -> int:
        """Destroy the keys of at most `MOST` referrals; of how many."""
        ids: Sequence[UUID] = await self._pool.fetchval(DUE, MOST)
        return sum([await self._destroy(referral_id) for referral_id in ids])

    async def _destroy(self, referral_id: UUID) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            referral = await hold(connection, None, referral_id, wait=False)
            if referral is None:
                return False
            held = json.loads(await connection.fetchval(READ, referral_id))
            if not held["classes"]:
                return False
            at = self._clock()
            recipients = _agencies_to_notify(referral, held["holders"])
            rows = _rows(
                referral, held["classes"], recipients, at, complete_on(at, self._backup_age)
            )
            await connection.execute(DESTROY, json.dumps(rows))
        await ring(self._pool, recipients)
        return True


def _agencies_to_notify(referral: HeldReferral, holders: Sequence[str]) -> set[str]:
    """Those that held, and those that were shown that somebody did. Others knew of no hold."""
    return {*holders, *(agency for agency in referral.parties if referral.decides(agency))}


def _rows(
    referral: HeldReferral, classes: Sequence[str], recipients: set[str], at: datetime, day: date
) -> dict[str, Any]:
    """The argument of `destroy_held_keys`."""
    detail = {"because": REFUSED, "classes": list(classes), "complete_on": day.isoformat()}
    case_id, referral_id = str(referral.case_id), str(referral.id)
    return {
        "at": at.isoformat(),
        "referral_id": referral_id,
        "classes": list(classes),
        "log": [
            log_entry(
                at, "erasure", detail, None, [agency], case_id=case_id, referral_id=referral_id
            ).row()
            for agency in sorted(recipients)
        ],
        "items": [
            {
                "agency_id": agency,
                "kind": "erasure",
                "referral_id": referral_id,
                "type": f"erasure.{REFUSED}",
                "urgency": "normal",
            }
            for agency in sorted(recipients & agencies_present(referral))
        ],
    }
