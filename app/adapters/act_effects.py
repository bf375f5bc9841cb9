"""What each kind of act does, once two seats have agreed on it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from app.adapters.administration_effects import ADMINISTRATION
from app.adapters.erasing import Erasing, hold
from app.adapters.log_entry import WRITE_LOG, log_entry
from app.domain.act_details import EraseDetail
from app.domain.acts import Act
from app.domain.caller import Caller
from app.domain.erasing import BACKUP_AGE, against_command
from app.domain.errors import ActImpossible, NotFound
from app.domain.retention import COMMANDED

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

SET_HOLD = "SELECT set_hold($1)"
LIFT_HOLD = "SELECT lift_hold($1)"


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

    async def log(self, kind: str, detail: Mapping[str, Any], **place: str | None) -> None:
        """Write an entry that the acting agency may read. `place`: case_id, referral_id."""
        told = {**detail, "act_id": str(self.act.id), "proposed_by": self.act.proposed_by}
        entry = log_entry(self.at, kind, told, self.caller, **place)
        await self.connection.execute(WRITE_LOG, self.at, json.dumps([entry]))


Effect: TypeAlias = Callable[[Work], Awaitable[Mapping[str, Any]]]
"""Does it, and gives the outcome to show: codes, ids and moments, never a secret: it is stored.

Raises, whereupon nothing of it is done:
    NotFound: the target is not there, or not for this agency.
    ActImpossible: not as things stand.
"""


async def set_hold(work: Work) -> Mapping[str, Any]:
    """Keep a referral, or its whole case, from being erased."""
    row = await _on_referral(work, SET_HOLD, dict(work.act.detail))
    detail = {"step": "set", **work.act.detail}
    await work.log("hold", detail, case_id=row["case_id"], referral_id=work.act.target)
    return {}


async def lift_hold(work: Work) -> Mapping[str, Any]:
    """Let it be erased again, as far as this agency is concerned."""
    row = await _on_referral(work, LIFT_HOLD, {})
    await work.log("hold", {"step": "lifted"}, case_id=row["case_id"], referral_id=work.act.target)
    return {}


async def erase(work: Work) -> Mapping[str, Any]:
    """Erase a referral, or some classes of it, before its time."""
    return await _erased(work, work.act.agency_id)


async def erase_by_order(work: Work) -> Mapping[str, Any]:
    """Erase a referral on the order of a court, whoever its parties are."""
    return await _erased(work, None)


EFFECTS: Mapping[str, Effect] = {
    **ADMINISTRATION,
    "hold.set": set_hold,
    "hold.lift": lift_hold,
    "erase": erase,
    "erase.ordered": erase_by_order,
}
"""By the kind of act."""


async def _erased(work: Work, agency_id: str | None) -> Mapping[str, Any]:
    asked = EraseDetail.model_validate(work.act.detail)
    standing = await hold(work.connection, agency_id, UUID(work.act.target), wait=True)
    if standing is None:
        raise NotFound
    against = against_command(standing, agency_id, asked.erased(), asked.reason)
    if against is not None:
        raise ActImpossible(against)
    if work.rehearsed:
        return {}
    erasing = Erasing(
        standing,
        asked.erased(),
        COMMANDED,
        work.at,
        work.backup_age,
        work.act.id,
        work.caller if agency_id else None,
    )
    work.told.update(await erasing.write(work.connection))
    return {"complete_on": erasing.complete_on.isoformat()}


async def _on_referral(work: Work, statement: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Call a function on the referral that the act is about, as its agency."""
    asked = {
        "act_id": str(work.act.id),
        "agency_id": work.act.agency_id,
        "referral_id": work.act.target,
        "at": work.at.isoformat(),
        **more,
    }
    text = await work.connection.fetchval(statement, json.dumps(asked))
    if text is None:
        raise NotFound
    found: dict[str, Any] = json.loads(text)
    if "reason" in found:
        raise ActImpossible(found["reason"])
    return found
