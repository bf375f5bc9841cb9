"""Disclosures (提供の記録): which agency learned what, as far as one party may know it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class KnownMessage:
    """All disclosures of one message to one agency, summed up."""

    agency_id: str
    message_id: UUID
    legal_basis: str | None = None
    consented: bool = False
    classes: frozenset[DataClass] | None = None
    first: dict[str, datetime] = field(default_factory=dict)
    """The first moment of each kind of `HOW`."""

    @property
    def nameless(self) -> bool:
        """Whether only routing was disclosed: no name, nothing about the person."""
        return self.classes is not None and self.classes <= {DataClass.C0}

    @property
    def since(self) -> datetime:
        """The moment of the first disclosure."""
        return min(self.first.values())

    def take(self, disclosure: Disclosure) -> None:
        """Add one more disclosure."""
        self.first.setdefault(disclosure.how, disclosure.at)
        self.first[disclosure.how] = min(self.first[disclosure.how], disclosure.at)
        self.legal_basis = self.legal_basis or disclosure.legal_basis
        self.consented = self.consented or bool(disclosure.consent_ids)
        if disclosure.classes is not None:
            self.classes = (self.classes or frozenset()) | frozenset(disclosure.classes)


def by_agency(disclosures: Iterable[Disclosure]) -> Mapping[str, Sequence[KnownMessage]]:
    """The messages known to each agency, the earliest first; agencies by their earliest message.

    A sender that reads its own message again is left out.
    """
    messages: dict[tuple[str, UUID], KnownMessage] = {}
    for disclosure in disclosures:
        if disclosure.agency_id == disclosure.from_agency:
            continue
        key = (disclosure.agency_id, disclosure.message_id)
        messages.setdefault(key, KnownMessage(*key)).take(disclosure)
    agencies: dict[str, list[KnownMessage]] = {}
    for message in sorted(messages.values(), key=lambda m: (m.since, m.agency_id, m.message_id)):
        agencies.setdefault(message.agency_id, []).append(message)
    return agencies
