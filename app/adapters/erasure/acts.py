"""What acts do that erase, or keep from being erased, once two seats have agreed on them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.acts.work import Effect, Work
from app.adapters.erasure.writing import Erasing, hold
from app.domain.acts.details import EraseDetail
from app.domain.erasure.objections import objection_to_command
from app.domain.erasure.retention import COMMANDED
from app.domain.errors import ActImpossible, NotFound

if TYPE_CHECKING:
    pass

SET_HOLD = "SELECT set_hold($1)"
LIFT_HOLD = "SELECT lift_hold($1)"


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
    return await _erase(work, work.act.agency_id)


async def erase_by_order(work: Work) -> Mapping[str, Any]:
    """Erase a referral on the order of a court, whoever its parties are."""
    return await _erase(work, None)


ERASURE: Mapping[str, Effect] = {
    "hold.set": set_hold,
    "hold.lift": lift_hold,
    "erase": erase,
    "erase.ordered": erase_by_order,
}
"""By the kind of act: what each that erases, or keeps from being erased, does."""


async def _erase(work: Work, agency_id: str | None) -> Mapping[str, Any]:
    asked = EraseDetail.model_validate(work.act.detail)
    standing = await hold(work.connection, agency_id, UUID(work.act.target), wait=True)
    if standing is None:
        raise NotFound
    against = objection_to_command(standing, agency_id, asked.classes_to_erase(), asked.reason)
    if against is not None:
        raise ActImpossible(against)
    if work.rehearsed:
        return {}
    erasing = Erasing(
        standing,
        asked.classes_to_erase(),
        COMMANDED,
        work.at,
        work.backup_age,
        work.act.id,
        work.caller if agency_id else None,
    )
    work.recipients.update(await erasing.write(work.connection))
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
    outcome: dict[str, Any] = json.loads(text)
    if "reason" in outcome:
        raise ActImpossible(outcome["reason"])
    return outcome
