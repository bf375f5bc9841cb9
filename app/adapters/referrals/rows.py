"""Deadlines and the settlement that an accepted message brings about, as `accept` takes them."""

from typing import Any

from app.domain.decisions.acceptance import Acceptance


def deadline_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The days that agencies now have to keep, and those that they need not keep any more."""
    # The last word of a decision on a day counts, and each row may be written only once.
    days = {
        (str(move.referral.id), agency_id, kind): due_on
        for move in acceptance.decision.moves
        for (agency_id, kind), due_on in move.deadlines().items()
    }
    rows: dict[str, list[dict[str, str]]] = {}
    for (referral_id, agency_id, kind), due_on in days.items():
        row = {"referral_id": referral_id, "agency_id": agency_id, "kind": kind}
        if due_on is None:
            rows.setdefault("lifted", []).append(row)
        else:
            rows.setdefault("deadlines", []).append({**row, "due_on": due_on.isoformat()})
    return rows


def settlement_rows(acceptance: Acceptance) -> dict[str, Any]:
    """What the statistics count of a settlement, if the message tells of one."""
    cell = acceptance.message.body.settlement()
    if cell is None:
        return {}
    settlement = {
        "center_id": acceptance.decision.sender.agency_id,
        "fiscal_year": cell.fiscal_year,
        "category": cell.category,
        "age_bracket": cell.age_bracket,
        "residence_kind": cell.residence_kind,
    }
    return {"settlement": settlement}
