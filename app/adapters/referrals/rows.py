"""Rows of referrals: as database functions return them, and as `accept` takes them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from app.domain.decisions.acceptance import Acceptance
from app.domain.flows import FLOWS


class ReferralJson(TypedDict):
    """A referral in a list, as its party sees it."""

    id: str
    case_id: str
    reference: str
    flow: str
    state: str
    party: str
    until: str | None
    lead: str | None
    version: int
    updated_at: str


class ReferralPageJson(TypedDict):
    """Referrals of an agency, and the number of a change of its own from which to go on."""

    changes: int
    referrals: list[ReferralJson]


class DeadlineJson(TypedDict):
    """A deadline of an agency."""

    referral_id: str
    kind: str
    due_on: str
    told_at: str | None


class SenderJson(TypedDict):
    """Who sent a message; `sys` has neither agency nor seat."""

    party: str
    agency_id: str | None
    seat_id: str | None


class RecipientJson(TypedDict):
    """A recipient of a message: its part in the referral, and its agency."""

    party: str
    agency_id: str


class EnvelopeJson(TypedDict("_From", {"from": SenderJson})):
    """A message without its body, as the holder of one copy sees it."""

    id: str
    referral_id: str
    via: str
    number: int
    type: str
    to: Sequence[RecipientJson]
    occurred_on: str
    created_at: str
    legal_basis: str | None
    urgency: str
    in_reply_to: str | None
    corrects: str | None
    corrected_by: str | None
    consent_ids: Sequence[str]
    rests_on: Sequence[str]
    paper_origin: Mapping[str, Any] | None
    digests: Mapping[str, str]
    digest: str
    receipt: str | None


class ReaderJson(TypedDict):
    """What decides which classes of a message its reader may open."""

    party: str
    classes: Sequence[str]
    ended: bool
    sent: bool
    recalled: bool
    kept: Sequence[str]
    lacking: Sequence[str]
    erased: Sequence[str]
    covered: Sequence[str] | None
    lost: Sequence[str] | None


class ErasedClassJson(TypedDict):
    """When and why a class of a referral was erased."""

    erased_at: str
    because: str


class MessageJson(EnvelopeJson):
    """A message to be opened, without its segments."""

    reader: ReaderJson
    erased: Mapping[str, ErasedClassJson] | None
    case_id: str
    case_version: int


def deadline_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The deadlines that a decision sets, and those that it lifts."""
    # A later move replaces the deadline of an earlier one: each row may be written only once.
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


def day_counts(acceptance: Acceptance) -> dict[str, Any]:
    """What a message counts as, for the agency that sends it or keys it in.

    What somebody has to be told of in any case has a limit of its own, twice as high.
    """
    message, move = acceptance.message, acceptance.decision.moves[0]
    agency_id = acceptance.caller.agency_id
    one = {"agency_id": agency_id, "at": acceptance.at.isoformat(), "n": 1}
    vital = message.body.type in FLOWS[move.referral.flow].vital_types
    sent = {**one, "kind": "sent", "times": 2 if vital else 1}
    if not message.opens:
        return {"counts": [sent]}
    others = {c.agency_id for c in move.copies if c.waits} - {agency_id}
    to_one = [{**one, "kind": "referrals_to_one", "other": other} for other in sorted(others)]
    return {"counts": [sent, {**one, "kind": "referrals"}, *to_one]}


def settlement_rows(acceptance: Acceptance) -> dict[str, Any]:
    """What the statistics count of a settlement, if the message reports one."""
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
    return {"settlements": [settlement]}
