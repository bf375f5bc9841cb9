"""By when accepted messages have to be acknowledged, as the function `accept` takes it."""

from collections.abc import Iterator
from typing import Any

from app.domain.decisions.acceptance import Acceptance
from app.domain.deliveries.terms import terms


def term_rows(acceptance: Acceptance) -> dict[str, Any]:
    """The terms of each message that goes to an inbox."""
    return {"terms": list(_terms(acceptance))}


def _terms(acceptance: Acceptance) -> Iterator[dict[str, Any]]:
    for move, message_id in acceptance.messages():
        if not any(copy.waits for copy in move.copies):
            continue  # those who see it only as its sender have nothing to acknowledge
        due = terms(move.body.type, acceptance.urgency, acceptance.at)
        yield {
            "message_id": str(message_id),
            "sender": acceptance.caller.agency_id if acceptance.is_own(move) else None,
            "overdue_at": due.overdue_at.isoformat(),
            "failed_at": due.failed_at.isoformat(),
        }
