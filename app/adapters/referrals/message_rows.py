"""The messages of a decision, their copies and their log entries, as `accept` takes them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.adapters.keys.vault import Segment
from app.adapters.log.entry import LogEntry, log_entry
from app.domain.cases.case import SYSTEM
from app.domain.characters import comparable
from app.domain.classes import DataClass
from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.decision import Copy, Move
from app.domain.messages.digest import canonical, message_digest, wire_time
from app.domain.messages.message import Message

Row = dict[str, Any]


def message_rows(acceptance: Acceptance, segments: Sequence[Sequence[Segment]]) -> list[Row]:
    """The row of each message, still without receipt and keyed hash.

    Args:
        segments: the sealed segments of each message.
    """
    return [
        _message(acceptance, move, message_id, sealed)
        for (move, message_id), sealed in zip(acceptance.messages(), segments, strict=True)
    ]


def copy_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The copies of each new message, and of older messages that it shares."""
    rows = {"copies": list(_copies(acceptance))}
    shared = list(_shared_copies(acceptance))
    return {**rows, "shared": shared} if shared else rows


def acceptance_entries(
    acceptance: Acceptance, messages: Sequence[Row], entry_ids: Sequence[UUID]
) -> Iterator[LogEntry]:
    """The log entry of each message's acceptance.

    Args:
        messages: the rows of the messages.
        entry_ids: the id of each entry: the receipt names the first.
    """
    message, caller = acceptance.message, acceptance.caller
    for (move, message_id), row, entry_id in zip(
        acceptance.messages(), messages, entry_ids, strict=True
    ):
        own = acceptance.is_own(move)
        # Without classes: those that consent covers for one recipient are not for the others.
        recipients = sorted(c.agency_id for c in move.copies if c.waits)
        # A refusal by a detained person must look like any other acceptance: hence no type here.
        detail: Row = {"digest": row["digest"], "to": recipients}
        if own and message.paper_origin is not None:
            detail["paper"] = message.paper_origin.medium
        yield log_entry(
            acceptance.at,
            "acceptance",
            detail,
            caller if own else None,
            {c.agency_id for c in move.copies} | ({caller.agency_id} if own else set()),
            entry_id=entry_id,
            case_id=acceptance.decision.case.id,
            referral_id=move.referral.id,
            message_id=message_id,
        )


def sharing_entries(acceptance: Acceptance) -> Iterator[LogEntry]:
    """One log entry for each older message and each agency with which it is shared.

    The entry of its acceptance does not name these agencies, and they and its sender need not
    know of each other: this entry proves the message to them. An agency that had the message
    already gets an entry too; otherwise the sharer could tell that it had it.
    """
    message, caller, decision = acceptance.message, acceptance.caller, acceptance.decision
    for message_id, copy in acceptance.shared_copies():
        digest = decision.case.references[message_id].digest
        yield log_entry(
            acceptance.at,
            "sharing",
            {"digest": digest, "to": [copy.agency_id]},
            caller,
            (caller.agency_id, copy.agency_id),
            case_id=decision.case.id,
            referral_id=message.referral_id,
            message_id=message_id,
        )


def content_to_repeat(message: Message, fields: Mapping[DataClass, bytes]) -> Iterator[bytes]:
    """What a repeat must repeat: the envelope and the fields of the body.

    Text is in Unicode's normal form C here, and only here: systems that keep it in one form or the
    other all may repeat.
    """
    paper = message.paper_origin
    envelope = {
        "referral_id": str(message.referral_id),
        "type": message.body.type,
        "to": dict(message.to),
        "occurred_on": message.occurred_on.isoformat(),
        "legal_basis": message.legal_basis,
        "urgency": message.urgency,
        "consent_ids": [str(i) for i in message.consent_ids],
        "in_reply_to": _text(message.in_reply_to),
        "corrects": _text(message.corrects),
        "parent": _text(message.parent),
        "shared_messages": [str(i) for i in message.shared_messages],
        "paper_origin": [str(paper.received_on), paper.medium, paper.scan_sha256]
        if paper
        else None,
    }
    yield canonical(envelope)
    for data_class, content in sorted(fields.items()):
        yield data_class.encode() + comparable(content.decode()).encode()


def _message(
    acceptance: Acceptance, move: Move, message_id: UUID, sealed: Sequence[Segment]
) -> Row:
    decision, message = acceptance.decision, acceptance.message
    digests = {s.data_class: s.digest for s in sealed}
    own = acceptance.is_own(move)
    sender = decision.sender if own else None
    seat = acceptance.caller.seat_id if own and decision.keyed_by is None else None
    basis = message.legal_basis if own else None
    occurred = message.occurred_on if own else acceptance.at.date()
    envelope = {
        "id": str(message_id),
        "referral_id": str(move.referral.id),
        "type": move.body.type,
        "from": {"agency_id": sender.agency_id if sender else None, "seat_id": seat},
        "occurred_on": occurred.isoformat(),
        "legal_basis": basis,
        "accepted_at": wire_time(acceptance.at),
    }
    return {
        "id": str(message_id),
        "referral_id": str(move.referral.id),
        "type": move.body.type,
        "from_party": sender.name if sender else SYSTEM,
        "from_agency": sender.agency_id if sender else None,
        "from_seat": seat,
        "caller_agency": acceptance.caller.agency_id if own else None,
        "recipients": [
            {"party": c.party, "agency_id": c.agency_id} for c in move.copies if c.waits
        ],
        "occurred_on": occurred.isoformat(),
        "legal_basis": basis,
        "urgency": acceptance.urgency,
        "in_reply_to": _text(message.in_reply_to) if own else None,
        "corrects": _text(message.corrects) if own else None,
        "consent_ids": [str(i) for i in sorted(message.rests_on())] if own else [],
        "facts": sorted(move.facts),
        "paper_origin": _paper(acceptance) if own else None,
        "digest": message_digest(envelope, digests),
        "class_digests": {c.value: d for c, d in digests.items()},
        "state_after": decision.caller.view.state if own else move.referral.state,
        "version_after": decision.caller.view.version if own else "",
    }


def _paper(acceptance: Acceptance) -> Row | None:
    origin, caller = acceptance.message.paper_origin, acceptance.caller
    if origin is None:
        return None
    return {
        "received_on": origin.received_on.isoformat(),
        "medium": origin.medium,
        "scan_sha256": origin.scan_sha256,
        "keyed_by": {"agency_id": caller.agency_id, "seat_id": caller.seat_id},
    }


def _copies(acceptance: Acceptance) -> Iterator[Row]:
    for move, message_id in acceptance.messages():
        for copy in move.copies:
            yield _copy(copy, message_id, move.referral.id)


def _shared_copies(acceptance: Acceptance) -> Iterator[Row]:
    for message_id, copy in acceptance.shared_copies():
        origin = acceptance.decision.case.references[message_id].referral_id
        yield _copy(copy, message_id, origin, sent=False)


def _copy(copy: Copy, message_id: UUID, sent_in: UUID, sent: bool | None = None) -> Row:
    rests_on = {"rests_on": sorted(map(str, copy.rests_on))} if copy.rests_on else {}
    lacking = {"lacking": sorted(copy.lacking)} if copy.lacking else {}
    return {
        **rests_on,
        **lacking,
        "agency_id": copy.agency_id,
        "message_id": str(message_id),
        "referral_id": str(copy.referral_id),
        "message_referral_id": str(sent_in),
        "party": copy.party,
        "number": copy.number,
        "classes": sorted(copy.classes),
        "sent": copy.of_sender or not copy.waits if sent is None else sent,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
