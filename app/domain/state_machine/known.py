"""What a party knows of a referral before it writes a message to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from app.domain.cases.case import CLOSED, Case, Party, Referral
from app.domain.classes import ROUTING
from app.domain.consents.consent import Consent, covered_classes
from app.domain.disclosures.rights import known_facts
from app.domain.messages.facts import Fact


class KnownConsent(StrEnum):
    """A consent that the party knows of and that somebody may have to decide on."""

    CLAIMED = "claimed"
    """Recorded in the referral, and waits to be confirmed."""
    CLAIMED_BELOW = "claimed_below"
    """The same, in a referral below."""
    WITHDRAWN = "withdrawn"
    """Recorded in the referral and withdrawn, at least in part."""


@dataclass(frozen=True, slots=True)
class KnownSituation:
    """The situation that a message would meet, as far as its sender was told of it.

    What a party can send next is worked out from this alone: whatever else happened in the case
    changes nothing in it.
    """

    state: str
    back: tuple[str, ...]
    """The states to return to from a side state."""
    facts: Mapping[str, Fact]
    """Those that the seat may see now. One that is absent may be unknown to it."""
    today: date
    closed_on: date | None = None
    """Since when the referral is closed, if it is and that can be undone."""
    erased: frozenset[str] = frozenset()
    """The classes of which it was told that they were erased."""
    consents: frozenset[str] = frozenset()
    """Which kinds of `KnownConsent` there are."""


def kinds_of_consents(
    case: Case, referral: Referral, consents: Iterable[Consent]
) -> frozenset[KnownConsent]:
    """Which kinds there are of consents that somebody in the referral may have to decide on."""
    below = case.with_descendants({referral.id})
    return frozenset(
        _kind_of(consent, referral)
        for consent in consents
        if (consent.claimed and consent.withdrawn_on is None and consent.referral_id in below)
        or (consent.withdrawn and consent.referral_id == referral.id)
    )


def _known_kinds(case: Case, referral: Referral) -> frozenset[KnownConsent]:
    """The kinds of consents that are known, and those below whose party was told by a report.

    Whether such a claim was withdrawn below is not told.
    """
    below = (c for c in case.consents if c.claimed and c.referral_id != referral.id)
    told = (replace(c, withdrawn_on=None) for c in below)
    return kinds_of_consents(case, referral, [*told, *(c for c in case.consents if c.known)])


def _kind_of(consent: Consent, referral: Referral) -> KnownConsent:
    if not consent.claimed:
        return KnownConsent.WITHDRAWN
    here = consent.referral_id == referral.id
    return KnownConsent.CLAIMED if here else KnownConsent.CLAIMED_BELOW


def situation_known_to(
    party: Party,
    case: Case,
    referral: Referral,
    seat: frozenset[str],
    today: date,
    kind: str | None,
) -> KnownSituation:
    """What a party knows of the situation of its referral, of all that is known of the case.

    Args:
        seat: the classes that the caller's seat may open.
        kind: the kind of its agency, if the party reads by consent.
    """
    view = party.view
    covered = None
    if kind is not None:
        consents = case.effective_consents(referral)
        covered = covered_classes(consents, party.agency_id, kind, today)
    return KnownSituation(
        state=view.state,
        back=view.back,
        facts=known_facts(view.facts, seat | ROUTING, covered, ended=not party.active),
        today=today,
        closed_on=referral.stops.closed_on if view.state == CLOSED else None,
        # Who had what of the other classes is not loaded with a case. Everybody has C0.
        erased=frozenset(referral.erased & ROUTING),
        consents=_known_kinds(case, referral),
    )
