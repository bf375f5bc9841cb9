"""Consents that were recorded in a child: what a withdrawal above takes of them, and gives back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.cases.case import CLOSED, NEW, SYSTEM, Case
from app.domain.classes import ROUTING
from app.domain.consents.consent import Consent
from app.domain.directory.agencies import Directory
from app.domain.errors import Invalid, Refusal
from app.domain.flows import FLOWS
from app.domain.messages.message import PaperOrigin
from app.domain.messages.payloads import samples
from app.domain.state_machine.table import Flow
from tests.support import cases
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


# Whoever vouches in the parent is told what is recorded in a child.


@pytest.mark.parametrize("who", ["center", "center27"])
@pytest.mark.parametrize("event", ["record_consent", "renew_consent"])
def test_what_is_recorded_in_a_child_is_reported_to_the_parents_office_and_to_nobody_else(
    who: str, event: str
) -> None:
    play, child = regional()
    if event == "renew_consent":
        play.send("center withdraw_consent", child)
    said: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [OTHER]}
    play.send(f"{who} {event}", child, **said)
    claimed = consent_of(play.case, said["consent_id"]).claimed
    own, told = play.decided.moves
    assert told.referral.id == play.main
    named = "consent_claimed" if claimed else "consent_recorded"
    assert told.body.type == f"special_adjustment.{named}"
    assert str(told.body.model_dump()["consent_id"]) == said["consent_id"]
    (copy,) = told.copies
    assert (copy.agency_id, copy.classes) == (SHORT["probation"], ROUTING)
    assert SHORT["probation"] not in {c.agency_id for c in own.copies}


def test_what_is_recorded_in_the_parent_itself_is_not_reported() -> None:
    play, _ = regional()
    play.send("center record_consent", consent_id=str(uuid4()), recipients=[OTHER])
    assert len(play.decided.moves) == 1


def parents_of(child: Flow) -> list[Flow]:
    """The flows that take what openings of this one report."""
    reports = {s.reports.event for s in child.steps if s.state == NEW and s.reports}
    return [
        f
        for f in FLOWS.values()
        if any(s.type == f"{f.name}.{e}" for s in f.steps for e in reports)
    ]


@pytest.mark.parametrize("name", [f.name for f in FLOWS.values() if f.joins_parent])
@pytest.mark.parametrize("event", ["consent_claimed", "consent_recorded"])
def test_every_flow_with_children_reports_their_consents_in_every_state(
    name: str, event: str
) -> None:
    parents = parents_of(FLOWS[name])
    assert parents
    for flow in parents:
        for state in flow.states:
            step = flow.sys_event(state, event)
            assert (step is None) is (state == CLOSED)
            assert step is None or step.copies == (f"{flow.vouching}:C0",)


# A child that is suspended alone.


@pytest.mark.parametrize("who", ["center", "center27"])
@pytest.mark.parametrize("named", ["center-27", "center-13", "settlement_center", "prison-fuchu"])
@pytest.mark.parametrize("event", ["renew_consent", "record_consent"])
def test_what_a_party_of_a_child_records_does_not_end_its_suspension(
    who: str, named: str, event: str
) -> None:
    play, child = regional()
    play.send("center27 withdraw_consent", child)
    consent: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [named]}
    assert play.send(f"{who} {event}", child, **consent) == "suspended_consent"
    assert consent_of(play.case, consent["consent_id"]).claimed
    assert not play.may_open("center27", child)
    with pytest.raises(Refusal):
        play.send("center confirm_consent", consent_id=consent["consent_id"])
    play.send("probation confirm_consent", consent_id=consent["consent_id"])
    # A consent to something else would let the other center in by what the parent's consents give.
    assert (play.state(child) == "requested") is (named in {"center-27", "settlement_center"})


# By name, only a party of the referral withdraws what was recorded there.


def transferred() -> tuple[Play, UUID]:
    """A regional coordination after which the other center is the parent's, and leads."""
    play, child = regional()
    lines = "center27 acknowledge\ncenter27 accept\ncenter offer_transfer\ncenter27 accept_transfer"
    play.run(lines, child)
    return play, child


@pytest.mark.parametrize(
    ("play_of", "who", "may"),
    [
        (regional, "center27", False),
        (regional, "center", True),
        (transferred, "center", False),
        (transferred, "center27", True),
    ],
)
@pytest.mark.parametrize("items", [[], ["C4"]], ids=["whole", "C4"])
def test_only_a_party_of_the_parent_withdraws_its_consents_by_name(
    play_of: Callable[[], tuple[Play, UUID]], who: str, items: list[str], *, may: bool
) -> None:
    play, child = play_of()
    before = play.case
    said: dict[str, Any] = {"consent_ids": [ABOVE], **({"withdrawn_items": items} if items else {})}
    if not may:
        with pytest.raises(Invalid) as refused:
            play.send(f"{who} withdraw_consent", child, **said)
        pointed = {"pointer": "/body/consent_ids", "reason": "recorded_above"}
        assert refused.value.facts["errors"] == [pointed]
        assert play.case is before
        # What the person wants there is done all the same.
        assert play.send(f"{who} withdraw_consent", child) == "suspended_consent"
        return
    play.send(f"{who} withdraw_consent", child, **said)
    assert play.state() == "suspended_consent"
    told = next(m for m in play.decided.moves if m.referral.id == play.main)
    assert told.body.model_dump()["withdrawn_by"] == SHORT[who]
    # Its rehearsal shows the parent's suspension: whoever sends it is told of it there.
    assert SHORT[who] in {copy.agency_id for copy in told.copies}


def test_paper_does_not_name_what_its_keyer_could_not(monkeypatch: pytest.MonkeyPatch) -> None:
    agencies = [replace(a, connected=a.id != "center-13") for a in cases.DIRECTORY.agencies]
    play, child = regional()
    monkeypatch.setattr(cases, "DIRECTORY", Directory.of(agencies))
    paper = {"paper_origin": PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)}
    with pytest.raises(Refusal):
        play.send("center27 withdraw_consent", child, consent_ids=[ABOVE], envelope=paper)
    assert play.state() == "regional_pending"


def test_a_withdrawal_in_the_parent_says_below_nothing_of_who_sent_it() -> None:
    play, child = regional()
    play.send("center withdraw_consent")
    told = next(m for m in play.decided.moves if m.referral.id == child)
    assert set(told.body.model_dump()) == {"type"}


def test_whoever_suspends_the_parent_from_below_is_named_only_to_those_who_know_it() -> None:
    play, child = regional()
    main = play.case.referrals[play.main]
    prison = main.party_of(SHORT["prison"])
    known = tuple(p for p in prison.view.parties if p.agency_id != SHORT["center"])
    unaware = replace(prison, view=replace(prison.view, parties=known))
    parties = tuple(unaware if p is prison else p for p in main.parties)
    play.case = play.case.with_referral(replace(main, parties=parties))
    play.send("center withdraw_consent", child, consent_ids=[ABOVE])
    told = next(m for m in play.decided.moves if m.referral.id == play.main)
    assert told.body.model_dump()["withdrawn_by"] is None


@pytest.mark.parametrize("ways", ["below below", "below above", "above below"])
def test_who_stops_the_parent_from_below_too_often_stops_it_no_more(ways: str) -> None:
    """Its part in the parent decides how often, not that it leads in the child."""
    play, child = regional()
    where = {"below": child, "above": play.main}
    consent = recorded_below(play, child)
    for way in ways.split():
        play.send("center withdraw_consent", where[way], consent_ids=[ABOVE])
        assert play.state() == "suspended_consent"
        play.send("probation retract_withdrawal", consent_ids=[ABOVE])
        assert play.state() == "regional_pending"
    play.send("center withdraw_consent", child, consent_ids=[ABOVE, consent])
    assert play.state() == "regional_pending"
    # What is below the message's own referral falls, and every party of the parent is told.
    assert play.decided.withdrawn == {UUID(consent)}
    assert play.state(child) == "suspended_consent"
    told = next(m for m in play.decided.moves if m.referral.id == play.main)
    assert told.body.type.endswith(".exit_claimed")
    assert told.body.model_dump()["message_id"] is None
    assert {c.agency_id for c in told.copies} == {
        SHORT[w] for w in ("prison", "probation", "center")
    }


def test_what_was_named_too_often_takes_nothing_else_with_it() -> None:
    play, child = regional()
    consent = recorded_below(play, child)
    for _ in range(2):
        play.send("center withdraw_consent", child, consent_ids=[ABOVE])
        play.send("probation retract_withdrawal", consent_ids=[ABOVE])
    play.send("center withdraw_consent", child, consent_ids=[ABOVE])
    assert not play.decided.withdrawn
    assert consent_of(play.case, consent).withdrawn_on is None
    assert play.state(child) == "suspended_consent"


# What was suspended by itself does not go on because the parent does.


@pytest.mark.parametrize("order", ["below above", "above below"])
@pytest.mark.parametrize("said", [{}, {"withdrawn_items": ["C1"]}], ids=["whole", "an item"])
@pytest.mark.parametrize("how", ["renew_consent", "retract_withdrawal"])
def test_a_child_in_which_consent_was_withdrawn_stays_suspended_when_the_parent_goes_on(
    order: str, how: str, said: dict[str, Any]
) -> None:
    play, child = regional()
    recorded_below(play, child, recipients=[SHORT["prison"]])
    first = str(play.case.consents[0].record.id)
    for place in order.split():
        if place == "below":
            play.send("center27 withdraw_consent", child, **said)
        else:
            play.send("probation withdraw_consent", consent_ids=[first])
    again: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [SHORT["center"]]}
    again = again if how == "renew_consent" else {"consent_ids": [first]}
    assert play.send(f"probation {how}", **again) == "regional_pending"
    assert play.state(child) == "suspended_consent"
    assert not play.may_open("center27", child)
    claim: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [OTHER]}
    play.send("center27 renew_consent", child, **claim)
    play.send("probation confirm_consent", consent_id=claim["consent_id"])
    assert play.state(child) == "requested"


def test_a_child_goes_on_with_a_consent_in_the_parent_that_lets_somebody_in_there() -> None:
    play, child = regional()
    play.send("center27 withdraw_consent", child)
    play.send("probation withdraw_consent")
    renew_narrowly(play)
    assert play.may_open("center27", child) == {"C1"}


def test_a_child_stopped_by_what_it_took_above_goes_on_with_the_parent() -> None:
    play, child = regional()
    first = str(play.case.consents[0].record.id)
    play.send("center withdraw_consent", child, consent_ids=[first])
    play.send("probation retract_withdrawal", consent_ids=[first])
    assert play.state(child) == "requested"
    assert play.may_open("center27", child)


# A suspension that ends under another stop, and a child into which nobody is let.


@pytest.mark.parametrize("stop", ["decline", "die", "decline die"])
@pytest.mark.parametrize("how", ["retract_withdrawal", "confirm_consent"])
def test_what_ends_a_suspension_under_another_stop_lets_everything_go_on_after_that(
    how: str, stop: str
) -> None:
    play, child = regional()
    play.send("probation withdraw_consent")
    ids = [str(c.record.id) for c in play.case.consents]
    claim: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [SHORT["center"], OTHER]}
    play.send("center record_consent", **claim)
    for each in stop.split():
        play.send(f"prison {each}")
    said: dict[str, Any] = {"consent_id": claim["consent_id"]}
    said = {"consent_ids": ids} if how == "retract_withdrawal" else said
    assert play.send(f"probation {how}", **said) == stop.split()[-1].replace(
        "decline", "decline_pending"
    ).replace("die", "death_reported")
    for each in reversed(stop.split()):
        play.send(f"prison retract_{'death' if each == 'die' else each}")
    for referral, state in ((play.main, "regional_pending"), (child, "requested")):
        assert play.state(referral) == state
        assert {p.view.state for p in play.case.referrals[referral].parties} == {state}
    assert play.may_open("center")
    assert play.may_open("center27", child)


def test_a_child_goes_on_only_if_a_consent_that_stands_lets_in_who_depends_on_it_there() -> None:
    play, child = regional()
    play.send("probation withdraw_consent")
    to_first: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [SHORT["center"]]}
    assert play.send("probation renew_consent", **to_first) == "regional_pending"
    assert play.state(child) == "suspended_consent"
    recorded_below(play, child)
    assert play.case.consents[-1].claimed
    assert not play.may_open("center27", child)
    play.send("prison~ record_consent", consent_id=str(uuid4()), recipients=[OTHER])
    assert play.state(child) == "suspended_consent"
    play.send("probation record_consent", consent_id=str(uuid4()), recipients=[OTHER])
    assert play.state(child) == "requested"
    assert play.may_open("center27", child)


def test_a_child_goes_on_when_what_it_waits_for_is_taken_back_later() -> None:
    play, child = regional()
    play.send("probation withdraw_consent")
    ids = [str(c.record.id) for c in play.case.consents]
    to_first: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [SHORT["center"]]}
    play.send("probation renew_consent", **to_first)
    assert play.state(child) == "suspended_consent"
    play.send("probation retract_withdrawal", consent_ids=ids)
    assert play.state(child) == "requested"


@pytest.mark.parametrize("recipient", [SHORT["center"], OTHER])
def test_a_child_is_reopened_without_consent_where_nobody_is_let_in(recipient: str) -> None:
    play, child = regional()
    play.send("center close", child)
    play.send("probation withdraw_consent")
    to_one: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [recipient]}
    play.send("probation renew_consent", **to_one)
    play.send("center reopen", child)
    lets_in = recipient == OTHER
    assert play.state(child) == ("requested" if lets_in else "suspended_consent")
    assert bool(play.may_open("center27", child)) is lets_in


# Of what happens above a child that is suspended already, its other center is not told.


def answer_to(play: Play, who: str, event: str, child: UUID) -> tuple[Any, ...]:
    """How a message would be answered, which is not sent."""
    before = play.case
    recorded = {"consent_id": str(uuid4()), "recipients": [OTHER]}
    consent: dict[str, Any] = recorded if event in {"record_consent", "renew_consent"} else {}
    try:
        return ("taken", play.send(f"{who} {event}", child, **consent))
    except Refusal as refused:
        return (type(refused).__name__, str(refused.facts))
    finally:
        play.case = before


@pytest.mark.parametrize("who", ["center27", "center"])
def test_a_suspension_above_a_suspended_child_changes_no_answer_there(who: str) -> None:
    play, child = regional()
    play.send("center27 withdraw_consent", child)
    rows = [step for step in FLOWS["regional_coordination"].steps if SYSTEM not in step.by]
    sent = sorted({step.type.partition(".")[2] for step in rows} - {"request"})

    def answers() -> dict[str, tuple[Any, ...]]:
        return {event: answer_to(play, who, event, child) for event in sent}

    before = answers()
    assert before["renew_consent"] == ("taken", "suspended_consent")
    play.send("probation withdraw_consent")
    assert answers() == before


def test_what_was_renewed_below_a_suspension_waits_until_the_parent_goes_on() -> None:
    play, child = regional()
    play.send("center27 withdraw_consent", child)
    play.send("probation withdraw_consent")
    claim: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [OTHER]}
    assert play.send("center27 renew_consent", child, **claim) == "suspended_consent"
    with pytest.raises(Invalid):
        play.send("probation confirm_consent", consent_id=claim["consent_id"])
    assert not play.may_open("center27", child)
    renewed: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [SHORT["center"]]}
    play.send("probation renew_consent", **renewed)
    assert not play.may_open("center27", child)
    play.send("probation confirm_consent", consent_id=claim["consent_id"])
    assert play.may_open("center27", child)
