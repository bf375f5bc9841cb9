"""Which consents a disclosure rests on, and what is wrong with those that do not carry it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.case import SUSPENDED, Case, Referral
from app.domain.classes import ROUTING, DataClass
from app.domain.consent import Consent, serves
from app.domain.directory import Agency

NONE: frozenset[UUID] = frozenset()
"""No consent: the law is the basis, or nothing but C0 is told."""
UNKNOWN = "unknown"
"""Of an id that stands for no consent, for one that does not bind, or for one of which the sender
may not know: these look alike."""
FAILINGS = (
    UNKNOWN,
    "withdrawn",
    "expired",
    "not_yet",
    "suspended",
    "other_purpose",
    "other_recipient",
    "other_class",
)
"""What a named consent can lack."""
EFFECTIVE = "effective"
BECAUSE = ("none_named", "none_recorded", "not_covered")
"""Why a recipient may not be told: the message names no consent, none is recorded that counts
here, or those that count do not cover it."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A recipient who may be told more than C0 only by consent, and the classes at stake."""

    party: str
    agency: Agency
    classes: frozenset[DataClass]

    def granted(self, consents: Iterable[Consent], on: date) -> frozenset[DataClass]:
        """The classes of these that the consents let it be told."""
        grants = (c.grants(self.agency.id, self.agency.kind, on) for c in consents)
        return (self.classes - ROUTING).intersection(frozenset[DataClass]().union(*grants))

    def lacking(self, consents: Iterable[Consent], on: date) -> frozenset[DataClass]:
        """The classes that no consent lets it be told."""
        return self.classes - ROUTING - self.granted(consents, on)

    def rests_on(
        self, consents: Sequence[Consent], named: frozenset[UUID], on: date
    ) -> frozenset[UUID]:
        """The consents that carry this telling: those named where they suffice, else all."""
        carrying = [c for c in consents if self.granted((c,), on)]
        chosen = [c for c in carrying if c.record.id in named]
        enough = chosen and not self.lacking(chosen, on)
        return frozenset(c.record.id for c in (chosen if enough else carrying))


def may_know(case: Case, consent: Consent, agency: Agency) -> bool:
    """Whether an agency may know of a consent: a party where it was recorded, or a recipient."""
    where = case.referrals.get(consent.referral_id)
    party = where is not None and any(p.agency_id == agency.id for p in where.parties)
    return party or bool({agency.id, agency.kind} & set(consent.record.recipients))


def verdicts(
    case: Case,
    referral: Referral,
    sender: Agency,
    named: Iterable[UUID],
    tellings: Sequence[Telling],
    own: Sequence[Consent],
    on: date,
) -> list[Mapping[str, Any]]:
    """What each named consent lacks for what was to be told.

    Args:
        tellings: what is still to be covered.
        own: the consent that the message itself records.
    """
    binding = {c.record.id: c for c in case.binding(referral) if may_know(case, c, sender)} | {
        c.record.id: c for c in own
    }
    return [
        {
            "id": str(each),
            "fails": _failings(binding[each], referral, tellings, on)
            if each in binding
            else [UNKNOWN],
        }
        for each in sorted(named)
    ]


def standing(consent: Consent, on: date) -> str:
    """How a consent stands on a day: `withdrawn`, `expired`, `not_yet` or `effective`."""
    if consent.withdrawn_on is not None:
        return "withdrawn"
    until = consent.record.valid_until
    if until is not None and until < on:
        return "expired"
    return "not_yet" if consent.record.valid_from > on else EFFECTIVE


def _failings(
    consent: Consent, referral: Referral, tellings: Sequence[Telling], on: date
) -> list[str]:
    stands = standing(consent, on)
    met = [t for t in tellings if consent.names(t.agency.id, t.agency.kind)]
    wanted = {c for t in met for c in t.classes - ROUTING}
    failing = {
        stands: stands != EFFECTIVE,
        "suspended": SUSPENDED in {referral.state, *referral.back},
        "other_purpose": not serves(consent.record.purpose, referral.flow),
        "other_recipient": len(met) < len(tellings),
        "other_class": not wanted <= consent.classes,
    }
    return [name for name, holds in failing.items() if holds]
