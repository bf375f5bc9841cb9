"""The consents that a decision records or withdraws, as rows for `accept`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from app.adapters.log.entry import LogEntry, log_entry
from app.domain.consents.consent import Consent
from app.domain.consents.return_requests import TERM
from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.decision import Decision
from app.domain.decisions.reach import affected_referrals
from app.domain.deliveries.terms import terms_by_kind


def consent_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The consents that a decision records, vouches for or withdraws, and where that matters."""
    rows: dict[str, Any] = {}
    if recorded := acceptance.decision.recorded:
        rows["consent"] = _recorded_consent(acceptance, recorded)
    if vouched := _vouched_consents(acceptance):
        rows["vouched"] = vouched
    if acceptance.decision.withdrawn:
        rows["withdrawn"] = _withdrawal(acceptance)
    return rows


def withdrawal_entries(acceptance: Acceptance) -> Iterator[LogEntry]:
    """The log entry of a withdrawal, for the withdrawer alone: it names consents it may see."""
    decision, message, caller = acceptance.decision, acceptance.message, acceptance.caller
    if not decision.withdrawn:
        return
    visible = [
        c.record.id for c in decision.case.consents if c.record.id in decision.withdrawn and c.known
    ]
    yield log_entry(
        acceptance.at,
        "withdrawal",
        {"consents": _texts(visible), "items": sorted(message.body.items_withdrawn())},
        caller,
        case_id=decision.case.id,
        referral_id=message.referral_id,
        message_id=message.id,
    )


def agencies_to_notify(decision: Decision) -> set[str]:
    """The agencies that may have got an inbox item by a change of consents, besides the message.

    A withdrawal asks for what was opened; a consent gives back what was taken back unopened; and
    whoever knows a consent is notified that it has changed.
    """
    recorded = decision.recorded is not None and not decision.recorded.claimed
    changed = decision.withdrawn or decision.confirmed or decision.refused or decision.restored
    if not recorded and not changed:
        return set()
    return {p.agency_id for r in decision.case.referrals.values() for p in r.parties}


def _recorded_consent(acceptance: Acceptance, recorded: Consent) -> dict[str, Any]:
    record, case = recorded.record, acceptance.decision.case
    return {
        "id": str(record.id),
        "referral_id": str(recorded.referral_id),
        "message_id": str(acceptance.message.id),
        "purpose": record.purpose,
        "recipients": list(record.recipients),
        "classes": sorted(record.classes),
        "valid_from": record.valid_from.isoformat(),
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "recorded_by": recorded.recorded_by,
        "claimed": recorded.claimed,
        "today": acceptance.at.date().isoformat(),
        "referrals": _texts(case.with_descendants({recorded.referral_id})),
        "terms": _terms(acceptance),
    }


def _vouched_consents(acceptance: Acceptance) -> dict[str, Any]:
    """The claims that are confirmed or refused, and the consents whose withdrawal is taken back."""
    decision = acceptance.decision
    chosen = decision.confirmed | decision.refused | decision.restored
    if not chosen:
        return {}
    where = {c.referral_id for c in decision.case.consents if c.record.id in chosen}
    return {
        "confirmed": _texts(decision.confirmed),
        "refused": _texts(decision.refused),
        "restored": _texts(decision.restored),
        "by": str(acceptance.message.id),
        "today": acceptance.at.date().isoformat(),
        "referrals": _texts(decision.case.with_descendants(where)),
        "terms": _terms(acceptance),
    }


def _terms(acceptance: Acceptance) -> Mapping[str, list[str]]:
    """By when what is given back has to be acknowledged."""
    return {
        kind: [due.overdue_at.isoformat(), due.failed_at.isoformat()]
        for kind, due in terms_by_kind(acceptance.at).items()
    }


def _withdrawal(acceptance: Acceptance) -> dict[str, Any]:
    decision, message = acceptance.decision, acceptance.message
    today = acceptance.at.date()
    chosen = [c for c in decision.case.consents if c.record.id in decision.withdrawn]
    return {
        "ids": [str(c.record.id) for c in chosen],
        "part": [str(c.record.id) for c in chosen if c.withdrawn_on is None],
        "items": sorted(message.body.items_withdrawn()),
        "on": message.occurred_on.isoformat(),
        "by": str(message.id),
        "agency_id": acceptance.caller.agency_id,
        "today": today.isoformat(),
        "due_on": (today + TERM).isoformat(),
        "referrals": _texts(
            affected_referrals(decision.case, decision.withdrawn, message.referral_id)
        ),
    }


def _texts(ids: Iterable[UUID]) -> list[str]:
    return sorted(map(str, ids))
