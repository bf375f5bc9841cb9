"""Which consents a disclosure rests on, and why others do not suffice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import Consent
from app.domain.directory.agencies import Agency

NONE: frozenset[UUID] = frozenset()
"""No consent: the law is the basis, or only C0 is disclosed."""
UNKNOWN = "unknown"
"""There is no consent of that id, it does not bind, or the sender may not know of it. The three
cannot be told apart."""
NOT_YET = "not_yet"
"""Its period has not begun; or, as a reason of a refusal, it is a claim that waits."""
FAILINGS = (
    UNKNOWN,
    "withdrawn",
    "expired",
    NOT_YET,
    "suspended",
    "other_purpose",
    "other_recipient",
    "other_class",
)
"""The reasons why a named consent does not suffice."""
EFFECTIVE = "effective"
CLAIMED = "claimed"
BECAUSE = ("none_named", "none_recorded", "not_covered")
"""Why a disclosure to a recipient is refused: the message names no consent, none is recorded that
counts here, or those that count do not cover it."""


@dataclass(frozen=True, slots=True)
class DependentRecipient:
    """A recipient that receives more than C0 only by consent, and the classes that it would."""

    party: str
    agency: Agency
    classes: frozenset[DataClass]

    def granted_classes(self, consents: Iterable[Consent], on: date) -> frozenset[DataClass]:
        """Those of the classes that the consents allow."""
        grants = (c.grants(self.agency.id, self.agency.kind, on) for c in consents)
        return (self.classes - ROUTING).intersection(frozenset[DataClass]().union(*grants))

    def lacking_classes(self, consents: Iterable[Consent], on: date) -> frozenset[DataClass]:
        """Those of the classes that no consent allows."""
        return self.classes - ROUTING - self.granted_classes(consents, on)

    def rests_on(
        self, consents: Sequence[Consent], named: frozenset[UUID], on: date
    ) -> frozenset[UUID]:
        """The consents on which the disclosure rests: the named ones if they suffice, else all."""
        carrying = [c for c in consents if self.granted_classes((c,), on)]
        chosen = [c for c in carrying if c.record.id in named]
        enough = chosen and not self.lacking_classes(chosen, on)
        return frozenset(c.record.id for c in (chosen if enough else carrying))


def consent_state(consent: Consent, on: date) -> str:
    """The state of a consent on a day.

    One of `withdrawn`, `claimed`, `expired`, `not_yet` and `effective`.
    """
    if consent.withdrawn_on is not None:
        return "withdrawn"
    if consent.claimed:
        return CLAIMED
    if consent.record.expired(on):
        return "expired"
    return NOT_YET if consent.record.valid_from > on else EFFECTIVE
