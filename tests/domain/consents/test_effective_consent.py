"""Which consents count when something is to be told."""

from datetime import date
from uuid import uuid4

import pytest

from app.domain.cases.case import SUSPENDED, Case, Referral
from app.domain.cases.consents import verdicts
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, ConsentRecord
from app.domain.errors import Invalid
from tests.support.cases import SHORT, regional


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


@pytest.mark.parametrize("over", [(), ("decline_pending",), ("decline_pending", "death_reported")])
def test_a_refusal_says_that_consent_is_suspended_here_or_above_under_any_side_state(
    over: tuple[str, ...],
) -> None:
    below = ("accepted", SUSPENDED, *over)
    case, parent = standing(below[-1], *below[:-1])
    child = Referral(uuid4(), "regional_coordination", "requested", parent=parent.id)
    ids = [consent.record.id for consent in case.consents]
    for referral in (parent, child):
        verdict = verdicts(case.with_referral(child), referral, ids, [], [], date(2026, 2, 1))
        assert "suspended" in verdict[0]["fails"]


def test_a_claim_below_is_not_confirmed_while_the_referral_above_it_is_suspended() -> None:
    play, child = regional()
    claim = str(uuid4())
    own = [SHORT["center27"]]
    play.send("center27 record_consent", child, consent_id=claim, recipients=own)
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    with pytest.raises(Invalid) as refused:
        play.send("probation confirm_consent", consent_id=claim)
    assert refused.value.facts["errors"][0]["reason"] == "suspended_above"
    assert (play.state(), play.state(child)) == (SUSPENDED, SUSPENDED)
