"""Rows of inboxes: as functions of the database answer them, and as `accept` takes them."""

from collections.abc import Iterator
from typing import Any, TypedDict

from app.domain.cases.case import SYSTEM
from app.domain.decisions.acceptance import Acceptance


class PlaceJson(TypedDict):
    """Where an item stands in its inbox, and since when."""

    position: int
    accepted_at: str


class CountsJson(TypedDict):
    """How many items of an inbox are not opened, not acknowledged, acknowledged."""

    waiting: int
    unacknowledged: int
    acknowledged: int


class InboxStatusJson(TypedDict):
    """How an inbox stands."""

    head: int
    counts: CountsJson
    oldest_waiting: PlaceJson | None
    oldest_unacknowledged: PlaceJson | None


class AcknowledgedItemJson(TypedDict):
    """An item that is acknowledged: when, and by which seat."""

    position: int
    acknowledged_at: str
    acknowledged_by: str


class AcknowledgementJson(TypedDict):
    """The items of one call, and whether others are left to acknowledge."""

    acknowledged: list[AcknowledgedItemJson]
    more: bool


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
