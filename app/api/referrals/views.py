"""Referrals and messages as JSON objects of answers."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.adapters.referrals.decision_rows import AcceptanceAnswer
from app.adapters.referrals.exchange import Rehearsed
from app.adapters.referrals.reading import Opened, VisibleReferral
from app.adapters.referrals.rows import EnvelopeJson, MessageJson, ReferralJson
from app.api.wire.language import Language, localise
from app.api.wire.responses import tag_in
from app.api.wire.views import moment, moment_or_none
from app.domain.cases.case import VisibleParty
from app.domain.decisions.decision import Copy
from app.domain.directory.agencies import Directory
from app.domain.flows import FLOWS
from app.domain.state_machine.actions import actions, actions_mark

_ENVELOPE = (
    "id", "referral_id", "number", "type", "from", "to", "occurred_on", "created_at", "legal_basis",
    "urgency", "in_reply_to", "corrects", "corrected_by", "consent_ids", "rests_on",
    "paper_origin",
)  # fmt: skip


_SEALED = ("digests", "digest", "receipt")


def acceptance(answer: AcceptanceAnswer) -> dict[str, Any]:
    """The answer to an accepted message; the same when the message is sent again."""
    return {
        "referral_id": str(answer.referral_id),
        "message_id": str(answer.message_id),
        "state": answer.state,
        "accepted_at": moment(answer.accepted_at),
        "digest": answer.digest,
        "receipt": answer.receipt,
        "version": answer.version,
        "urgency": answer.urgency,
    }


def rehearsal(outcome: Rehearsed, agency_id: str, directory: Directory) -> dict[str, Any]:
    """What a message would cause, as far as the caller would see it."""
    decision = outcome.decision
    visible = [decision.moves[0]]
    visible += [m for m in decision.moves[1:] if any(c.agency_id == agency_id for c in m.copies)]
    return {
        "would": {
            "referral_id": str(decision.moves[0].referral.id),
            "state": decision.caller.view.state,
            "urgency": outcome.urgency,
            "lead": decision.caller.view.lead,
            "readers": _readers(outcome.readers, directory),
            "moves": [
                {
                    "referral_id": str(move.referral.id),
                    "type": move.body.type,
                    "state": move.referral.party_of(agency_id).view.state,
                }
                for move in visible
            ],
        }
    }


def referral(current: VisibleReferral, language: Language) -> dict[str, Any]:
    """A referral as the reader's party sees it."""
    view = current.reader.view
    return {
        "id": str(current.id),
        "case_id": str(current.case_id),
        "reference": current.reference,
        "flow": current.flow,
        "state": view.state,
        "parties": _parties(view.parties),
        "lead": view.lead,
        "parent": str(current.parent) if current.parent else None,
        "children": [str(child) for child in current.children],
        "facts": dict(view.facts),
        "actions": localise(actions(FLOWS[current.flow], current.reader, current.known), language),
        "version": view.version,
        "you": {
            "party": current.reader.name,
            "since": moment(current.reader.since),
            "until": moment_or_none(current.reader.until),
        },
    }


def referral_tag(current: VisibleReferral, language: Language) -> str:
    """The entity tag of a referral as the reader's party sees it."""
    mark = actions_mark(FLOWS[current.flow], current.reader, current.known)
    return tag_in(current.reader.view.version, language, mark)


def referral_in_list(row: ReferralJson) -> dict[str, Any]:
    """A referral in a list."""
    return {
        "id": row["id"],
        "case_id": row["case_id"],
        "reference": row["reference"],
        "flow": row["flow"],
        "state": row["state"],
        "lead": row["lead"],
        "version": f'W/"{row["version"]}"',
        "updated_at": moment(row["updated_at"]),
        "you": {"party": row["party"], "until": moment_or_none(row["until"])},
    }


def envelope(row: EnvelopeJson) -> dict[str, Any]:
    """A message without its body."""
    return {**_head(row), **_fields(row, _SEALED)}


def message(opened: Opened) -> dict[str, Any]:
    """A message with the fields that the reader may open."""
    row = opened.envelope
    return {
        **_head(row),
        "body": {"type": row["type"], **opened.body},
        "withheld": [withheld_class(row, c, reason) for c, reason in opened.withheld],
        "digests": row["digests"],
        "salts": dict(opened.salts),
        "digest": row["digest"],
        "receipt": row["receipt"],
    }


def withheld_class(row: MessageJson, data_class: str, reason: str) -> dict[str, Any]:
    """A data class that is withheld, with the reason; if it was erased, also when and why."""
    entry = {"class": data_class, "reason": reason}
    erasure = (row["erased"] or {}).get(data_class) if reason == "erased" else None
    if erasure is None:
        return entry
    return {**entry, "erased_at": moment(erasure["erased_at"]), "because": erasure["because"]}


def _head(row: EnvelopeJson) -> dict[str, Any]:
    return {**_fields(row, _ENVELOPE), "created_at": moment(row["created_at"])}


def _fields(row: Mapping[str, object], names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _parties(visible: Iterable[VisibleParty]) -> dict[str, Any]:
    """The latest agency of each party."""
    latest: dict[str, VisibleParty] = {}
    for party in sorted(visible, key=lambda p: (p.until is None, p.since)):
        latest[party.name] = party
    return {
        name: {
            "agency_id": party.agency_id,
            "since": moment(party.since),
            "until": moment_or_none(party.until),
        }
        for name, party in latest.items()
    }


def _readers(copies: Iterable[Copy], directory: Directory) -> list[dict[str, Any]]:
    return [
        {
            "party": copy.party,
            "agency_id": copy.agency_id,
            "classes": sorted(copy.classes),
            "to_print": (a := directory.agency(copy.agency_id)) is not None and not a.connected,
        }
        for copy in copies
    ]
