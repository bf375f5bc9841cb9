"""Consents of a case: which ones an agency may know of, and why a named one does not suffice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.domain.cases.case import Case, Referral
from app.domain.classes import ROUTING
from app.domain.consents.consent import Consent, serves
from app.domain.consents.coverage import (
    CLAIMED,
    EFFECTIVE,
    NOT_YET,
    UNKNOWN,
    DependentRecipient,
    consent_state,
)
from app.domain.directory.agencies import Agency


def may_know(case: Case, consent: Consent, agency: Agency) -> bool:
    """Whether an agency may know of a consent: as a party where it was recorded, or a recipient.

    A claim gives its recipients nothing, so it is not known to them either.
    """
    where = case.referrals.get(consent.referral_id)
    party = where is not None and any(p.agency_id == agency.id for p in where.parties)
    named = bool({agency.id, agency.kind} & set(consent.record.recipients))
    return party or (named and not consent.claimed)


def verdicts(
    case: Case,
    referral: Referral,
    sender: Agency,
    named: Iterable[UUID],
    dependents: Sequence[DependentRecipient],
    own: Sequence[Consent],
    on: date,
) -> list[Mapping[str, Any]]:
    """Why each consent that a message names does not cover its recipients.

    Args:
        dependents: the recipients and classes that are still to be covered.
        own: the consent that the message itself records.
    """
    binding = {
        c.record.id: c for c in case.binding_consents(referral) if may_know(case, c, sender)
    } | {c.record.id: c for c in own}
    return [
        {
            "id": str(each),
            "fails": _failings(binding[each], referral, dependents, on)
            if each in binding
            else [UNKNOWN],
        }
        for each in sorted(named)
    ]


def _failings(
    consent: Consent, referral: Referral, dependents: Sequence[DependentRecipient], on: date
) -> list[str]:
    state = consent_state(consent, on)
    stands = NOT_YET if state == CLAIMED else state
    met = [t for t in dependents if consent.names(t.agency.id, t.agency.kind)]
    wanted = {c for t in met for c in t.classes - ROUTING}
    failing = {
        stands: stands != EFFECTIVE,
        "suspended": referral.suspended,
        "other_purpose": not serves(consent.record.purpose, referral.flow),
        "other_recipient": len(met) < len(dependents),
        "other_class": not wanted <= consent.classes,
    }
    return [name for name, holds in failing.items() if holds]
