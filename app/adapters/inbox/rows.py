"""What an accepted message puts into inboxes, as the function `accept` takes it."""

from collections.abc import Iterator
from typing import Any

from app.domain.cases.case import SYSTEM
from app.domain.decisions.acceptance import Acceptance


def inbox_rows(acceptance: Acceptance) -> dict[str, Any]:
    """An item for each agency that a message goes to."""
    return {"items": list(_items(acceptance))}


def _items(acceptance: Acceptance) -> Iterator[dict[str, Any]]:
    sender = acceptance.decision.sender
    for move, message_id in acceptance.messages():
        own = acceptance.is_own(move)
        for copy in move.copies:
            if not copy.waits:
                continue
            agency = acceptance.directory.agency(copy.agency_id)
            yield {
                "agency_id": copy.agency_id,
                "kind": "message",
                "referral_id": str(move.referral.id),
                "message_id": str(message_id),
                "type": move.body.type,
                "from_party": sender.name if own else SYSTEM,
                "from_agency": sender.agency_id if own else None,
                "urgency": acceptance.urgency,
                "to_print": agency is not None and not agency.connected,
            }
