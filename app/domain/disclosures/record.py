"""Disclosures (提供の記録): which agency learned what, as far as one party may know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.classes import DataClass
from app.domain.text import Text

HOW: Mapping[str, Text] = {
    "received": Text("届いた", "received"),
    "to_print": Text("紙で届けることになった", "to be given on paper"),
    "printed": Text("紙に印刷した", "printed on paper"),
    "opened": Text("開いた", "opened"),
    "recalled": Text("取り消した", "taken back"),
    "withdrawn": Text("同意の撤回により、開かれる前に戻った", "taken back with the consent"),
}
"""The kinds of disclosure, and of taking one back."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One message that an agency received, opened or printed, or that was taken back from it."""

    how: str
    at: datetime
    agency_id: str
    party: str | None
    """None for a reader whom the sender did not know."""
    seat_id: str | None
    """The seat that opened, printed or took back, as far as the asker may know it."""
    classes: tuple[DataClass, ...] | None
    """None where the asker may not know which classes the agency received."""
    referral_id: UUID
    via: UUID
    """The referral through which the asker has the message."""
    message_id: UUID
    type: str
    from_party: str
    from_agency: str | None
    shown_by: UUID | None
    """The message that showed this one to the agency, if it was not sent to it."""
    legal_basis: str | None
    consent_ids: tuple[UUID, ...]
