"""The older messages that an accepted message shares, as rows for `accept`."""

from typing import Any

from app.domain.decisions.acceptance import Acceptance


def showing_rows(acceptance: Acceptance) -> dict[str, Any]:
    """Which older messages are shared with which agencies, in which classes: as the copies are."""
    rows = [
        {
            "message_id": str(acceptance.message.id),
            "agency_id": copy.agency_id,
            "shown_id": str(shown_id),
            "party": copy.party,
            "classes": sorted(copy.classes),
        }
        for shown_id, copy in acceptance.shared_copies()
    ]
    return {"shown": rows} if rows else {}
