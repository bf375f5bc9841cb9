"""The older messages that an accepted message shares, as rows for `accept`."""

from collections.abc import Iterator
from typing import Any

from app.domain.decisions.acceptance import Acceptance
from app.domain.decisions.references import showings
from app.domain.flows import FLOWS


def showing_rows(acceptance: Acceptance) -> dict[str, Any]:
    """Which older messages are shared with which agencies, and in which classes."""
    if not acceptance.message.shared_messages:
        return {}
    return {"shown": list(_showings(acceptance))}


def _showings(acceptance: Acceptance) -> Iterator[dict[str, Any]]:
    message, decision = acceptance.message, acceptance.decision
    flow, move = FLOWS[message.flow], decision.moves[0]
    sharer = acceptance.caller.agency_id
    for shown_id, copy, classes in showings(decision.case, flow, message, move, sharer):
        yield {
            "message_id": str(message.id),
            "agency_id": copy.agency_id,
            "shown_id": str(shown_id),
            "party": copy.party,
            "classes": sorted(classes),
        }
