"""Erasure when its time has come: found by an index, and one referral a transaction."""

from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.erasure.writing import Erasing, hold
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
"""Referrals of a rule that one round looks at. Each is a transaction of its own, so whoever is
stopped in the middle has erased each of them wholly or not at all."""


class Eraser:
    """Erases what is due by rule. Any number of workers may do it at once."""

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
        """Erase what is due, at most `MOST` of each rule; how many were erased or found held."""
        return sum([await self._by(rule) for rule in Rule])

    async def _by(self, rule: Rule) -> int:
        last = self._periods.of(rule).last_over(self._clock().date())
        rows = await self._pool.fetch(DUE, rule.value, last, MOST)
        return sum([await self._one(row["id"], rule, last) for row in rows])

    async def _one(self, referral_id: UUID, rule: Rule, last: date) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            told = await self._erase(connection, referral_id, rule, last)
        await ring(self._pool, told or ())
        return told is not None

    async def _erase(
        self, connection: "Connection", referral_id: UUID, rule: Rule, last: date
    ) -> set[str] | None:
        """Erase one; None where it waits, because its case is busy or it is no longer due."""
        standing = await hold(connection, None, referral_id, wait=False)
        if standing is None:
            return None
        since = standing.clocks.get(rule.value)
        if since is None or since > last:
            return None
        against = objection_to_rule(standing, rule, since)
        if against == "held":
            await connection.execute(PUT_OFF, referral_id, rule.value)
            return set()
        if against is not None:
            return None
        erasing = Erasing(standing, classes_of(rule), rule.value, self._clock(), self._backup_age)
        if rule is Rule.LEDGER:
            await erasing.write_ledger(connection)
            return set()
        return await erasing.write(connection)
