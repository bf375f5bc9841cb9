"""Consents that a message names or records, and why they do not suffice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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

ALL_BITS = 2**128 - 1
"""Of an id."""


def has_hidden(case: Case, consent_id: UUID) -> bool:
    """Whether the case has a consent of this id of which the agency was not told for which it was
    loaded."""
    return any(c.record.id == consent_id and not c.known for c in case.consents)


def with_hidden_apart(case: Case, consent_id: UUID) -> Case:
    """The same case, where hidden consents of this id have another one.

    So a rehearsal says of a consent that would have the id of a hidden one what it says of any.
    """
    if not has_hidden(case, consent_id):
        return case
    other = UUID(int=consent_id.int ^ ALL_BITS)
    consents = tuple(
        replace(c, record=replace(c.record, id=other))
        if c.record.id == consent_id and not c.known
        else c
        for c in case.consents
    )
    return replace(case, consents=consents)


def verdicts(
    case: Case,
    referral: Referral,
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
    binding = {c.record.id: c for c in case.known_consents(referral)} | {
        c.record.id: c for c in own
    }
    return [
        {
            "id": str(each),
            "fails": _failings(binding[each], case, referral, dependents, on)
            if each in binding
            else [UNKNOWN],
        }
        for each in sorted(named)
    ]


def _failings(
    consent: Consent,
    case: Case,
    referral: Referral,
    dependents: Sequence[DependentRecipient],
    on: date,
) -> list[str]:
    state = consent_state(consent, on)
    stands = NOT_YET if state == CLAIMED else state
    met = [t for t in dependents if consent.names(t.agency.id, t.agency.kind)]
    wanted = {c for t in met for c in t.classes - ROUTING}
    failing = {
        stands: stands != EFFECTIVE,
        "suspended": case.suspended(referral),
        "other_purpose": not serves(consent.record.purpose, referral.flow),
        "other_recipient": len(met) < len(dependents),
        "other_class": not wanted <= consent.classes,
    }
    return [name for name, holds in failing.items() if holds]
