"""Consents that were recorded in a child: what a withdrawal above takes of them, and gives back."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.cases.case import Case
from app.domain.consents.consent import Consent
from app.domain.messages.payloads import samples
from tests.support.cases import NOW, SHORT, Play, regional

ABOVE = samples.CONSENT_REGIONAL_ID
"""A consent of the parent that names the other center."""
OTHER = SHORT["center27"]


def recorded_below(play: Play, child: UUID, **changes: Any) -> str:
    """A consent for the other center, recorded in the child by the one that asked it."""
    consent = str(uuid4())
    named = {"consent_id": consent, "recipients": [OTHER], **changes}
    play.send("center record_consent", child, **named)
    return consent


def consent_of(case: Case, consent_id: str) -> Consent:
    return next(c for c in case.consents if str(c.record.id) == consent_id)


def renew_narrowly(play: Play) -> None:
    """Let the parent go on, with a consent that gives the other center C1 alone."""
    narrow: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [OTHER]}
    play.send("probation renew_consent", **narrow, item_classes=["C1"])


SAME: dict[str, dict[str, Any]] = {
    "the same": {},
    "its kind": {"recipients": ["settlement_center"]},
    "another purpose of the flow": {"purpose": "special_adjustment"},
    "one class of it": {"item_classes": ["C0", "C4"]},
}


@pytest.mark.parametrize("given", SAME)
@pytest.mark.parametrize("items", [[], ["C4"], [OTHER]], ids=str)
def test_what_falls_above_by_name_falls_below_too(given: str, items: list[str]) -> None:
    play, child = regional()
    consent = recorded_below(play, child, **SAME[given])
    taken: dict[str, Any] = {"withdrawn_items": items} if items else {}
    play.send("probation withdraw_consent", consent_ids=[ABOVE], **taken)
    assert UUID(consent) in play.decided.withdrawn
    renew_narrowly(play)
    below = consent_of(play.case, consent)
    left = below.grants(OTHER, "settlement_center", NOW.date())
    assert "C4" not in left
    assert items == ["C4"] or not left


APART: dict[str, dict[str, Any]] = {
    "another recipient": {"recipients": ["prison-fuchu"]},
    "another purpose": {"purpose": "health"},
    "C0 alone": {"item_classes": ["C0"]},
}


@pytest.mark.parametrize("given", APART)
def test_what_gives_nothing_of_what_fell_above_stands(given: str) -> None:
    play, child = regional()
    consent = recorded_below(play, child, **APART[given])
    play.send("probation withdraw_consent", consent_ids=[ABOVE])
    assert UUID(consent) not in play.decided.withdrawn


def test_an_item_that_a_consent_below_does_not_have_takes_nothing_of_it() -> None:
    play, child = regional()
    consent = recorded_below(play, child, item_classes=["C1"])
    play.send("probation withdraw_consent", consent_ids=[ABOVE], withdrawn_items=["C4"])
    assert UUID(consent) not in play.decided.withdrawn


def test_a_claim_below_falls_with_what_gave_the_same_above() -> None:
    play, child = regional()
    claim = str(uuid4())
    play.send("center27 record_consent", child, consent_id=claim, recipients=[OTHER])
    assert consent_of(play.case, claim).claimed
    play.send("probation withdraw_consent", consent_ids=[ABOVE])
    assert consent_of(play.case, claim).withdrawn_on is not None


@pytest.mark.parametrize("named", [[], [ABOVE]], ids=["everything", "by name"])
@pytest.mark.parametrize("items", [[], ["C4"]], ids=["whole", "C4"])
def test_a_retraction_gives_back_below_what_that_withdrawal_took(
    named: list[str], items: list[str]
) -> None:
    play, child = regional()
    consent = recorded_below(play, child)
    before = [c.grants(OTHER, "settlement_center", NOW.date()) for c in play.case.consents]
    said: dict[str, Any] = {"consent_ids": named} if named else {}
    said |= {"withdrawn_items": items} if items else {}
    play.send("probation withdraw_consent", **said)
    taken = [str(i) for i in play.decided.withdrawn if str(i) != consent]
    play.send("probation retract_withdrawal", consent_ids=taken)
    assert UUID(consent) in play.decided.restored
    after = [c.grants(OTHER, "settlement_center", NOW.date()) for c in play.case.consents]
    assert after == before
    assert play.state(child) == "requested"
    assert play.may_open("center27", child)


def test_a_retraction_gives_back_nothing_that_another_withdrawal_took() -> None:
    play, child = regional()
    consent = recorded_below(play, child)
    play.send("center27 withdraw_consent", child)
    play.send("probation withdraw_consent")
    taken = [str(i) for i in play.decided.withdrawn]
    assert consent not in taken
    play.send("probation retract_withdrawal", consent_ids=taken)
    assert consent_of(play.case, consent).withdrawn_on is not None


def test_a_retraction_of_a_part_gives_back_below_only_what_that_part_gave() -> None:
    """What stays withdrawn above holds below, also if the same message withdrew both."""
    play, child = regional()
    consent = recorded_below(play, child)
    apart = recorded_below(play, child, purpose="health")
    play.send("probation withdraw_consent")
    rest = [str(c.record.id) for c in play.case.consents if str(c.record.id) != ABOVE]
    rest = [i for i in rest if i not in {consent, apart}]
    play.send("probation retract_withdrawal", consent_ids=rest)
    assert consent_of(play.case, consent).withdrawn_on is not None
    assert consent_of(play.case, apart).withdrawn_on is not None


def test_a_withdrawal_below_that_names_what_was_recorded_above_is_retracted_as_a_whole() -> None:
    play, child = regional()
    consent = recorded_below(play, child)
    play.send("center withdraw_consent", child, consent_ids=[ABOVE])
    assert {str(i) for i in play.decided.withdrawn} == {ABOVE, consent}
    play.send("probation retract_withdrawal", consent_ids=[ABOVE])
    assert play.state(child) == "requested"
    assert play.may_open("center27", child)
    assert consent_of(play.case, consent).withdrawn_on is None
