"""An act that takes effect: what it has to work with, and what doing it means."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from app.adapters.log.entry import WRITE_LOG, entries_json, log_entry
from app.domain.access.caller import Caller
from app.domain.acts.acts import Act
from app.domain.erasure.objections import BACKUP_AGE

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Work:
    """An act that takes effect within a transaction. The caller's is the second seat.

    When it is proposed it is `rehearsed`, by the first seat: the transaction is then taken back,
    so whatever lies outside of the database must be left alone.
    """

    connection: "PoolConnectionProxy[Record]"
    act: Act
    caller: Caller
    at: datetime
    rehearsed: bool = False
    backup_age: timedelta = BACKUP_AGE
    told: set[str] = field(default_factory=set)
    """Agencies whose inboxes get something: they are woken after the commit."""

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
        await self.connection.execute(WRITE_LOG, self.at, entries_json([entry]))


Effect: TypeAlias = Callable[[Work], Awaitable[Mapping[str, Any]]]
"""Does it, and gives the outcome to show: codes, ids and moments, never a secret: it is stored.

Raises, whereupon nothing of it is done:
    NotFound: the target is not there, or not for this agency.
    ActImpossible: not as things stand.
"""
