"""What a decision does to consents, as the function `accept` takes it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.cases.consents import may_know
from app.domain.consents.return_requests import TERM
from app.domain.decisions.decision import Decision
from app.domain.decisions.reach import affected_referrals
from app.domain.directory.agencies import Directory
from app.domain.messages.message import Message


def consent_rows(
    decision: Decision, message: Message, caller: Caller, at: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The consent that is recorded, and those that are withdrawn, each with all that it reaches."""
    if decision.recorded is not None:
        yield "consent", _recorded(decision, message, at)
    if decision.withdrawn:
        yield "withdrawn", _withdrawn(decision, message, caller, at)


def withdrawal_entry(
    decision: Decision, message: Message, caller: Caller, directory: Directory, at: datetime
) -> Iterator[LogEntry]:
    """The withdrawal on the log: for the withdrawer alone, with the consents that it may know."""
    agency = directory.agency(caller.agency_id)
    if not decision.withdrawn or agency is None:
        return
    known = [
        c.record.id
        for c in decision.case.consents
        if c.record.id in decision.withdrawn and may_know(decision.case, c, agency)
    ]
    yield log_entry(
        at,
        "withdrawal",
        {"consents": _texts(known), "items": sorted(message.body.items_withdrawn())},
        caller,
        case_id=decision.case.id,
        referral_id=message.referral_id,
        message_id=message.id,
    )


def who_may_hear(decision: Decision) -> set[str]:
    """Agencies to which a withdrawal may have brought something beside the message itself."""
    if not decision.withdrawn:
        return set()
    return {p.agency_id for r in decision.case.referrals.values() for p in r.parties}


def _recorded(decision: Decision, message: Message, at: datetime) -> dict[str, Any]:
    assert decision.recorded is not None  # noqa: S101 - for mypy: the caller has looked
    record = decision.recorded.record
    return {
        "id": str(record.id),
        "referral_id": str(decision.recorded.referral_id),
        "message_id": str(message.id),
        "purpose": record.purpose,
        "recipients": list(record.recipients),
        "classes": sorted(record.classes),
        "valid_from": record.valid_from.isoformat(),
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "today": at.date().isoformat(),
        "referrals": _texts(decision.case.with_descendants({decision.recorded.referral_id})),
    }


def _withdrawn(
    decision: Decision, message: Message, caller: Caller, at: datetime
) -> dict[str, Any]:
    chosen = [c for c in decision.case.consents if c.record.id in decision.withdrawn]
    return {
        "ids": [str(c.record.id) for c in chosen],
        "part": [str(c.record.id) for c in chosen if c.withdrawn_on is None],
        "items": sorted(message.body.items_withdrawn()),
        "on": message.occurred_on.isoformat(),
        "by": str(message.id),
        "agency_id": caller.agency_id,
        "today": at.date().isoformat(),
        "due_on": (at.date() + TERM).isoformat(),
        "referrals": _texts(
            affected_referrals(decision.case, decision.withdrawn, message.referral_id)
        ),
    }


def _texts(ids: Iterable[UUID]) -> list[str]:
    return sorted(map(str, ids))
