"""What is due to be erased and what was erased, for the operator: ids and codes only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from app.domain.erasure.clock import Rule
from app.domain.erasure.retention import Periods

if TYPE_CHECKING:
    from app.adapters.directory.cache import Connection

# Read as the owner of the tables. Under each rule the earliest comes first, by an index.
_DUE = """
    SELECT t.referral_id, t.since, is_held(r.case_id, r.id) AS held
    FROM retention t JOIN referral r ON r.id = t.referral_id
    WHERE t.rule = $1 AND t.since <= $2
    ORDER BY t.since, t.referral_id LIMIT $3
"""
_COUNT = """
    SELECT count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held)
    FROM retention WHERE rule = $1 AND since <= $2
"""
_RECENT_ERASURES = """
    SELECT erased_at, referral_id, rule, array_agg(class ORDER BY class) AS classes, complete_on,
        CASE WHEN bool_and(overwritten_at IS NOT NULL) THEN max(overwritten_at) END
            AS overwritten_at
    FROM erasure GROUP BY erased_at, referral_id, rule, complete_on
    ORDER BY erased_at DESC, referral_id LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A referral whose retention period under a rule has ended."""

    referral_id: UUID
    rule: Rule
    since: date
    due_on: date
    held: bool


@dataclass(frozen=True, slots=True)
class ErasedReferral:
    """What was erased of a referral at one time."""

    referral_id: UUID
    erased_at: datetime
    because: str
    classes: tuple[str, ...]
    complete_on: date
    overwritten_at: datetime | None


class ErasureList:
    """Reads what is due and what was erased. Changes nothing."""

    def __init__(self, connection: "Connection", periods: Periods) -> None:
        self._connection = connection
        self._periods = periods

    async def due(self, today: date, limit: int) -> Sequence[Due]:
        """What is due by today, at most `limit` of each rule, the longest due first."""
        due: list[Due] = []
        for rule in Rule:
            period = self._periods.of(rule)
            rows = await self._connection.fetch(_DUE, rule.value, period.last_over(today), limit)
            due += [
                Due(r["referral_id"], rule, r["since"], period.over_on(r["since"]), r["held"])
                for r in rows
            ]
        return sorted(due, key=lambda each: (each.due_on, each.referral_id))

    async def count(self, today: date) -> tuple[int, int]:
        """How many are due by today, and how many others a legal hold puts off."""
        due = held = 0
        for rule in Rule:
            last = self._periods.of(rule).last_over(today)
            (row,) = await self._connection.fetch(_COUNT, rule.value, last)
            due, held = due + row[0], held + row[1]
        return due, held

    async def recent_erasures(self, limit: int) -> Sequence[ErasedReferral]:
        """The last erasures, the newest first."""
        rows = await self._connection.fetch(_RECENT_ERASURES, limit)
        return [
            ErasedReferral(
                r["referral_id"],
                r["erased_at"],
                r["rule"],
                tuple(r["classes"]),
                r["complete_on"],
                r["overwritten_at"],
            )
            for r in rows
        ]
