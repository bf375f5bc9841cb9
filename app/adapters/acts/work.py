"""What the effect of an act works with: its transaction, the act, and the seat that approves."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.domain.access.caller import Caller
from app.domain.acts.acts import Act
from app.domain.erasure.objections import BACKUP_AGE
from app.domain.erasure.requests import OBJECTION_PERIOD

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Work:
    """An act that takes effect within a transaction. `caller` is the second seat.

    When an act is proposed, its effect is rehearsed (`rehearsed`) with the first seat as `caller`,
    and the transaction is rolled back. An effect must then change nothing outside the database.
    """

    connection: "PoolConnectionProxy[Record]"
    act: Act
    caller: Caller
    at: datetime
    rehearsed: bool = False
    backup_age: timedelta = BACKUP_AGE
    objection_period: timedelta = OBJECTION_PERIOD
    """How long other agencies may object to an erasure."""
    recipients: set[str] = field(default_factory=set)
    """Agencies that get an inbox item: they are notified after the commit."""

    async def log(
        self,
        kind: str,
        detail: Mapping[str, Any],
        *,
        case_id: str | None = None,
        referral_id: str | None = None,
    ) -> None:
        """Write an entry that the acting agency may read."""
        what = {**detail, "act_id": str(self.act.id), "proposed_by": self.act.proposed_by}
        entry = log_entry(
            self.at, kind, what, self.caller, case_id=case_id, referral_id=referral_id
        )
        await self.connection.execute(
            WRITE_OWN_LOG, self.caller.agency_id, self.at, entries_json([entry])
        )


Effect: TypeAlias = Callable[[Work], Awaitable[Mapping[str, Any]]]
"""Does what the act is for. Returns the outcome, which is stored and shown: codes, ids and times,
never a secret.

Raises, and then changes nothing:
    NotFound: the target does not exist, or is not of this agency.
    ActImpossible: the present state does not allow it.
"""
