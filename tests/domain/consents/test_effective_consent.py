"""Which consents count when something is to be told."""

from datetime import date
from uuid import uuid4

import pytest

from app.domain.cases.case import SUSPENDED, Case, Referral
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, ConsentRecord


def standing(state: str, *back: str) -> tuple[Case, Referral]:
    """A case with one referral in this state, and one consent that binds it."""
    referral = Referral(uuid4(), "special_adjustment", state, back=back)
    record = ConsentRecord(
        uuid4(), "special_adjustment", ("center-13",), frozenset(DataClass), date(2026, 1, 1)
    )
    case = Case(uuid4(), consents=(Consent(record, referral.id),)).with_referral(referral)
    return case, referral


def test_a_consent_counts_in_the_referral_in_which_it_was_recorded() -> None:
    case, referral = standing("accepted")
    assert case.effective_consents(referral) == case.consents


@pytest.mark.parametrize(
    "states", [(SUSPENDED, "accepted"), ("decline_pending", "accepted", SUSPENDED)]
)
def test_no_consent_counts_while_the_referral_is_suspended_under_any_side_state(
    states: tuple[str, ...],
) -> None:
    case, referral = standing(*states)
    assert case.binding_consents(referral) == case.consents
    assert case.effective_consents(referral) == ()
