"""Erasure when a retention period has ended, one referral in each transaction."""

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.erasure.writing import ErasureWriter, hold
from app.adapters.inbox.bell import ring
from app.domain.calendar.clock import Clock
from app.domain.erasure.clock import Rule
from app.domain.erasure.objections import BACKUP_AGE, objection_to_rule
from app.domain.erasure.retention import Periods, classes_of

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool
    from app.adapters.erasure.writing import Connection

DUE = "SELECT id FROM due_clocks($1, $2, $3)"
PUT_OFF = "SELECT put_off($1, $2)"
MOST = 25
"""Referrals of a rule that one round looks at. Each has a transaction of its own, so a worker that
is stopped in the middle has erased each of them wholly or not at all."""


class Eraser:
    """Erases what is due by rule. Any number of workers may run it at once."""

    def __init__(
        self,
        pool: "Pool",
        clock: Clock,
        periods: Periods | None = None,
        backup_age: timedelta = BACKUP_AGE,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._periods = periods or Periods()
        self._backup_age = backup_age

    async def erase_due(self) -> int:
        """Erase what is due, at most `MOST` referrals of each rule.

        Returns:
            How many were erased, or put off because of a legal hold.
        """
        return sum([await self._erase_by(rule) for rule in Rule])

    async def _erase_by(self, rule: Rule) -> int:
        last = self._periods.of(rule).last_over(self._clock().date())
        rows = await self._pool.fetch(DUE, rule.value, last, MOST)
        return sum([await self._erase_one(row["id"], rule, last) for row in rows])

    async def _erase_one(self, referral_id: UUID, rule: Rule, last: date) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            recipients = await self._erase(connection, referral_id, rule, last)
        await ring(self._pool, recipients or ())
        return recipients is not None

    async def _erase(
        self, connection: "Connection", referral_id: UUID, rule: Rule, last: date
    ) -> set[str] | None:
        """Erase one referral and return the agencies to notify.

        None if nothing was erased: its case is busy, it is no longer due, or it may not be erased.
        """
        referral = await hold(connection, None, referral_id, wait=False)
        if referral is None:
            return None
        since = referral.clocks.get(rule.value)
        if since is None or since > last:
            return None
        objection = objection_to_rule(referral, rule, since)
        if objection == "held":
            await connection.execute(PUT_OFF, referral_id, rule.value)
            return set()
        if objection is not None:
            return None
        writer = ErasureWriter(
            referral, classes_of(rule), rule.value, self._clock(), self._backup_age
        )
        if rule is Rule.LEDGER:
            await writer.write_ledger(connection)
            return set()
        return await writer.write(connection)
