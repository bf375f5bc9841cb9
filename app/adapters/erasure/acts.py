"""The effects of acts about erasure: legal holds and erasure by command."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.adapters.acts.work import Effect, Work
from app.adapters.erasure.requests import request_erasure
from app.adapters.erasure.writing import ErasureWriter, hold
from app.domain.acts.details import EraseDetail
from app.domain.erasure.objections import objection_to_command
from app.domain.erasure.requests import copies_at_stake
from app.domain.erasure.retention import COMMANDED
from app.domain.errors import ActImpossible, NotFound

SET_HOLD = "SELECT set_hold($1)"
LIFT_HOLD = "SELECT lift_hold($1)"


async def set_hold(work: Work) -> Mapping[str, Any]:
    """Set a legal hold on a referral or its whole case."""
    row = await _call_on_referral(work, SET_HOLD, dict(work.act.detail))
    detail = {"step": "set", **work.act.detail}
    await work.log("hold", detail, case_id=row["case_id"], referral_id=work.act.target)
    return {}


async def lift_hold(work: Work) -> Mapping[str, Any]:
    """Lift this agency's legal hold."""
    row = await _call_on_referral(work, LIFT_HOLD, {})
    await work.log("hold", {"step": "lifted"}, case_id=row["case_id"], referral_id=work.act.target)
    return {}


async def erase(work: Work) -> Mapping[str, Any]:
    """Erase a referral, or some classes of it, before its retention period ends.

    Where other agencies would lose something, they are asked first: the outcome then has
    `request_id` and `until` in place of `complete_on`.
    """
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
"""The effect of each kind of act about erasure."""


async def _erase(work: Work, agency_id: str | None) -> Mapping[str, Any]:
    detail = EraseDetail.model_validate(work.act.detail)
    referral = await hold(work.connection, agency_id, UUID(work.act.target), wait=True)
    if referral is None:
        raise NotFound
    classes = detail.classes_to_erase()
    objection = objection_to_command(referral, agency_id, classes, detail.reason)
    if objection is not None:
        raise ActImpossible(objection)
    if agency_id is not None:
        asked = copies_at_stake(referral, agency_id, classes, detail.reason)
        if asked:
            return await request_erasure(work, referral, classes, detail.reason, asked)
    if work.rehearsed:
        return {}
    writer = ErasureWriter(
        referral,
        classes,
        COMMANDED,
        work.at,
        work.backup_age,
        work.act.id,
        work.caller if agency_id else None,
    )
    work.recipients.update(await writer.write(work.connection))
    return {"complete_on": writer.complete_on.isoformat()}


async def _call_on_referral(work: Work, statement: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Call a database function for the act's agency on the referral that the act is about."""
    arguments = {
        "act_id": str(work.act.id),
        "agency_id": work.act.agency_id,
        "referral_id": work.act.target,
        "at": work.at.isoformat(),
        **more,
    }
    text = await work.connection.fetchval(statement, json.dumps(arguments))
    if text is None:
        raise NotFound
    outcome: dict[str, Any] = json.loads(text)
    if "reason" in outcome:
        raise ActImpossible(outcome["reason"])
    return outcome
