"""Rows of deliveries: as database functions return them, and as `accept` takes them."""

from collections.abc import Iterator
from typing import Any, TypedDict

from app.domain.decisions.acceptance import Acceptance
from app.domain.deliveries.terms import terms


class NoticeAttemptJson(TypedDict):
    """An attempt to send a notice."""

    number: int
    at: str
    outcome: str
    status: int | None
    took_ms: int | None


class NoticeJson(TypedDict):
    """A notice of a message to one endpoint, with its attempts."""

    id: str
    webhook_id: str
    state: str
    reason: str | None
    settled_at: str | None
    next_at: str | None
    webhook_state: str
    attempts: list[NoticeAttemptJson]


def term_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The delivery terms of each message that goes to an inbox."""
    return {"terms": list(_terms(acceptance))}


def _terms(acceptance: Acceptance) -> Iterator[dict[str, Any]]:
    for move, message_id in acceptance.messages():
        if not any(copy.waits for copy in move.copies):
            continue  # a copy for the sender alone has nobody who could acknowledge it
        due = terms(move.body.type, acceptance.urgency, acceptance.at)
        yield {
            "message_id": str(message_id),
            "sender": acceptance.caller.agency_id if acceptance.is_own(move) else None,
            "overdue_at": due.overdue_at.isoformat(),
            "failed_at": due.failed_at.isoformat(),
        }
