"""Consent (同意): recipients, classes, purpose and period of permitted disclosures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from app.domain.classes import ROUTING, DataClass

PURPOSE_FLOWS: Mapping[str, frozenset[str]] = {
    "special_adjustment": frozenset({"special_adjustment", "regional_coordination"}),
    "regional": frozenset({"special_adjustment", "regional_coordination"}),
    "suspect_support": frozenset({"suspect_support"}),
    "defence": frozenset({"defence_support"}),
    "selection": frozenset(),
    "facility": frozenset(),
    "health": frozenset(),
    "municipality": frozenset(),
    "followup": frozenset(),
    "statistics_none": frozenset(),
}
"""The flows in which a known purpose allows disclosures. The set of purposes is open: one that is
not listed counts in every flow."""


def serves(purpose: str, flow: str) -> bool:
    """Whether a consent for this purpose counts in a flow."""
    return flow in PURPOSE_FLOWS.get(purpose, {flow})


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """The part of a recorded consent that is stored in clear."""

    id: UUID
    purpose: str
    recipients: tuple[str, ...]
    """Agency ids, or kinds of agency."""
    classes: frozenset[DataClass]
    valid_from: date
    valid_until: date | None = None

    def expired(self, on: date) -> bool:
        """Whether its period was over before that day."""
        return self.valid_until is not None and self.valid_until < on


@dataclass(frozen=True, slots=True)
class Consent:
    """A recorded consent. It binds the referral in which it was recorded, and its descendants."""

    record: ConsentRecord
    referral_id: UUID
    withdrawn_on: date | None = None
    withdrawn_items: frozenset[str] = frozenset()
    """The part that was withdrawn while the rest holds: classes, agency ids, kinds of agency."""
    recorded_by: str | None = None
    """The agency that recorded it; whoever keyed it in if it came on paper."""
    claimed: bool = False
    """Recorded by a party for its own access, and not confirmed by the party that vouches."""
    last_items: frozenset[str] = frozenset()
    """Those of `withdrawn_items` that its last withdrawal took, and none before it."""
    known: bool = True
    """Whether the agency for which the case was loaded knows of it: it is told of the message
    that recorded it, or of something that rests on it, as the list of consents shows."""
    withdrawn_by: UUID | None = None
    """The message that withdrew it, or a part of it, last; or that refused it as a claim."""

    def valid(self, on: date) -> bool:
        """Whether it holds on that day."""
        stands = self.withdrawn_on is None and not self.claimed
        return stands and self.record.valid_from <= on and not self.record.expired(on)

    def names(self, agency_id: str, kind: str) -> bool:
        """Whether this agency is a recipient, named by its id or by its kind."""
        wanted = {agency_id, kind}
        named = not wanted.isdisjoint(self.record.recipients)
        return named and wanted.isdisjoint(self.withdrawn_items)

    @property
    def classes(self) -> frozenset[DataClass]:
        """The classes that it still covers."""
        return self.record.classes - self.withdrawn_items

    def grants(self, agency_id: str, kind: str, on: date) -> frozenset[DataClass]:
        """The classes that it allows this agency on that day."""
        may = self.valid(on) and self.names(agency_id, kind)
        return self.classes if may else frozenset()

    def withdraw(
        self, on: date, items: frozenset[str] = frozenset(), by: UUID | None = None
    ) -> "Consent":
        """The same consent after a withdrawal by this message, of the whole or of these items.

        If no class or no recipient is left, the whole is withdrawn.
        """
        if self.withdrawn_on is not None:
            return self
        gone = self.withdrawn_items | items
        left = self.record.classes - gone and set(self.record.recipients) - gone
        if items and left:
            last = items - self.withdrawn_items
            return replace(self, withdrawn_items=gone, last_items=last, withdrawn_by=by)
        return replace(self, withdrawn_on=on, withdrawn_by=by)

    @property
    def withdrawn(self) -> bool:
        """Whether any of it was withdrawn. The refusal of a claim is no withdrawal."""
        return not self.claimed and (self.withdrawn_on is not None or bool(self.withdrawn_items))

    def restore(self) -> "Consent":
        """The same consent as it was before its last withdrawal."""
        if self.withdrawn_on is not None:
            return replace(self, withdrawn_on=None, withdrawn_by=None)
        left = self.withdrawn_items - self.last_items
        return replace(self, withdrawn_items=left, last_items=frozenset(), withdrawn_by=None)


def covered_classes(
    consents: Iterable[Consent], agency_id: str, kind: str, on: date
) -> frozenset[DataClass]:
    """The classes that this agency may receive on that day. C0 needs no consent."""
    return ROUTING.union(*(c.grants(agency_id, kind, on) for c in consents))
