"""Rows of inboxes: as database functions return them, and as `accept` takes them."""

from collections.abc import Iterator
from typing import Any, TypedDict

from app.domain.cases.case import SYSTEM
from app.domain.decisions.acceptance import Acceptance


class PlaceJson(TypedDict):
    """The position of an item in its inbox, and when it was put there."""

    position: int
    accepted_at: str


class CountsJson(TypedDict):
    """Counts of items: not opened, not acknowledged, acknowledged."""

    waiting: int
    unacknowledged: int
    acknowledged: int


class InboxStatusJson(TypedDict):
    """The status of an inbox."""

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
    """The items that one call acknowledged, and whether others are left."""

    acknowledged: list[AcknowledgedItemJson]
    more: bool


def inbox_rows(acceptance: Acceptance) -> dict[str, Any]:
    """An inbox item for each recipient of each message, and the changes that no item tells of.

    An item is a change of its referral for its agency. So is what the agency itself sends.
    """
    items = list(_items(acceptance))
    told = {(item["agency_id"], item["referral_id"]) for item in items}
    changes = [
        {"agency_id": agency_id, "referral_id": str(referral_id)}
        for agency_id, referral_id in acceptance.changed_views()
        if (agency_id, str(referral_id)) not in told
    ]
    at = acceptance.at.isoformat()
    return {"items": [{**row, "at": at} for row in (*items, *changes)]}


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
                **(_paper(acceptance) if own else {}),
            }


def _paper(acceptance: Acceptance) -> dict[str, str]:
    """When and how the paper came that was keyed in, if the message came on paper."""
    paper = acceptance.message.paper_origin
    if paper is None:
        return {}
    return {"paper_received_on": paper.received_on.isoformat(), "paper_medium": paper.medium}
