"""The end of a referral is taken back: by whom, until when, and what goes on then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.domain.calendar.business_days import add_business_days
from app.domain.cases.case import CLOSED, HELD, SUSPENDED, Referral
from app.domain.classes import DataClass
from app.domain.erasure.clock import RetentionClock, Rule
from app.domain.errors import GuardFailed, IllegalMove, NotYourStep, PartEnded, Refusal
from app.domain.flows import FLOWS
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.step import can_be_reopened
from app.domain.state_machine.table import Flow
from tests.domain.consents.test_own_access import defence, suspect
from tests.support import cases
from tests.support.cases import (
    ASSESSING,
    NOW,
    REQUESTED,
    SHORT,
    Play,
    offered,
    regional,
    special,
)

SELECTING = "probation start_selection\n"


def requested() -> Play:
    return special(REQUESTED)


def working() -> Play:
    return special(ASSESSING)


def reporting() -> Play:
    """A special adjustment in which a day of release is known, and the center waits for it."""
    play = working()
    play.run("center draft_plan\ncenter agree_plan\ncenter start_seeking")
    play.run("center agree_placement\ncenter prepare_release")
    return play


def indicted() -> Play:
    play = suspect()
    play.send("prosecutor indict")
    return play


def accepted_coordination() -> Play:
    """A regional coordination that was accepted: the play's main referral."""
    play, child = regional()
    play.main = child
    play.run("center27 acknowledge\ncenter27 accept")
    return play


def handed_over() -> Play:
    play = accepted_coordination()
    play.run("center offer_transfer\ncenter27 accept_transfer")
    return play


ENDS: dict[str, tuple[Callable[[], Play], str, str]] = {
    "center closes": (requested, "center close", "probation"),
    "office closes": (working, "probation close", "probation"),
    "not selected": (lambda: special(SELECTING), "probation not_select", "probation"),
    "withdrawn": (requested, "probation withdraw_request", "probation"),
    "returned": (requested, "center return_request\nprobation confirm_return", "probation"),
    "declined": (working, "center decline\nprobation confirm_decline", "probation"),
    "died": (working, "prison die\nprobation confirm_death", "probation"),
    "no consent": (working, "prison withdraw_consent\nprobation confirm_withdrawal", "probation"),
    "imprisoned": (indicted, "probation verdict_imprisonment", "probation"),
    "suspect": (suspect, "center close", "probation"),
    "defence": (defence, "center close", "center"),
    "regional": (accepted_coordination, "center close", "center"),
    "complete": (handed_over, "center27 complete", "center27"),
}
FINAL: dict[str, tuple[Callable[[], Play], str, str]] = {
    "refused": (
        lambda: Play("suspect_support", "prosecutor consult"),
        "prosecutor explain\nprosecutor refuse",
        "probation",
    ),
    "not taken": (
        lambda: Play("defence_support", "bar inquire"),
        "center decline_request",
        "center",
    ),
    "given back": (accepted_coordination, "center27 return_case", "center"),
    "taken back": (accepted_coordination, "center withdraw", "center"),
}


def standing(play: Play) -> Referral:
    return play.case.referrals[play.main]


def ended_play(how: str) -> tuple[Play, Referral, str]:
    """A play after an end, its referral right before, and who reopens."""
    begin, lines, decides = {**ENDS, **FINAL}[how]
    play = begin()
    *first, last = lines.splitlines()
    play.run("\n".join(first))
    before = standing(play)
    assert play.send(last) == CLOSED
    return play, before, decides


def failed_guards(refusal: pytest.ExceptionInfo[GuardFailed]) -> list[str]:
    return [guard["name"] for guard in refusal.value.facts["guards"]]


@pytest.mark.parametrize("how", ENDS)
def test_what_ended_goes_on_where_it_was_for_everybody(how: str) -> None:
    play, before, decides = ended_play(how)
    # What else the end stated stays until it is stated anew.
    ended = play.case
    stated = {f for f in play.decided.moves[0].facts if f != "close_reason"}
    assert play.send(f"{decides} reopen") == before.state
    after = standing(play)
    assert (after.back, after.facts["close_reason"]) == (before.back, None)
    assert after.stops.senders == before.stops.senders
    for party in before.parties:
        now = after.party_of(party.agency_id)
        assert now.active == party.active
        if party.active:
            assert (now.view.state, now.view.back) == (party.view.state, party.view.back)
            facts = {**party.view.facts, "close_reason": None}
            kept = facts.keys() - stated
            assert kept <= now.view.facts.keys() <= kept | stated
            assert all(now.view.facts[name] == facts[name] for name in kept)
            here = offered(play.case, after, party.agency_id)
            assert here == offered(ended.with_referral(before), before, party.agency_id)


@pytest.mark.parametrize("how", ENDS)
def test_everybody_who_was_there_is_told_and_nobody_else_reopens(how: str) -> None:
    play, before, decides = ended_play(how)
    for who, agency_id in SHORT.items():
        party = next((p for p in before.parties if p.agency_id == agency_id), None)
        if party is None or who == decides:
            continue
        with pytest.raises((NotYourStep, PartEnded, GuardFailed)):
            play.send(f"{who} reopen")
    with pytest.raises(NotYourStep) as refusal:
        play.send(f"{decides}~ reopen")
    assert refusal.value.facts["seat"] == "decider"
    play.send(f"{decides} reopen")
    told = {copy.agency_id for copy in play.decided.moves[0].copies}
    assert told == {p.agency_id for p in before.parties if p.active}


@pytest.mark.parametrize("how", FINAL)
def test_what_destroys_keys_or_gives_up_a_part_stays_final(how: str) -> None:
    play, _, decides = ended_play(how)
    with pytest.raises(GuardFailed) as refusal:
        play.send(f"{decides} reopen")
    assert "closed_lately" in failed_guards(refusal)
    assert play.state() == CLOSED


def test_it_is_reopened_until_the_end_of_the_tenth_business_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = add_business_days(NOW.date(), 10)
    at = NOW.replace(year=last.year, month=last.month, day=last.day, hour=23, minute=59)
    for when, taken in ((at, True), (at + timedelta(minutes=1), False)):
        play, before, decides = ended_play("center closes")
        monkeypatch.setattr(cases, "NOW", when)
        if taken:
            assert play.send(f"{decides} reopen") == before.state
        else:
            with pytest.raises(GuardFailed) as refusal:
                play.send(f"{decides} reopen")
            assert failed_guards(refusal) == ["closed_lately"]
        monkeypatch.setattr(cases, "NOW", NOW)


def test_what_was_closed_before_the_day_was_remembered_stays_closed() -> None:
    play, _, decides = ended_play("center closes")
    old = standing(play)
    forgotten = replace(old, back=(), stops=replace(old.stops, closed_on=None))
    play.case = play.case.with_referral(forgotten)
    with pytest.raises(GuardFailed) as refusal:
        play.send(f"{decides} reopen")
    assert failed_guards(refusal) == ["closed_lately"]


@pytest.mark.parametrize("classes", [frozenset({DataClass.C4}), frozenset(DataClass)])
def test_nothing_is_reopened_of_which_something_was_erased(classes: frozenset[DataClass]) -> None:
    play, _, decides = ended_play("center closes")
    play.case = play.case.with_referral(replace(standing(play), erased=classes))
    with pytest.raises(GuardFailed) as refusal:
        play.send(f"{decides} reopen")
    assert failed_guards(refusal) == ["nothing_erased"]


def test_deadlines_that_the_end_lifted_are_counted_again() -> None:
    play = reporting()
    known = {
        (p.agency_id, "release_on"): date.fromisoformat(str(p.view.facts["release_on"]))
        for p in standing(play).parties
        if "release_on" in p.view.facts
    }
    assert len(known) >= 2
    play.send("center close")
    lifted = play.decided.moves[0].deadlines()
    assert {lifted[each] for each in known} == {None}
    play.send("probation reopen")
    counted = play.decided.moves[0].deadlines()
    assert {each: counted[each] for each in known} == known


@pytest.mark.parametrize(
    ("how", "rules"),
    [
        ("center closes", {Rule.CASE_CLOSED, Rule.NEVER_ACCEPTED}),
        ("office closes", {Rule.CASE_CLOSED}),
        ("defence", {Rule.CASE_CLOSED}),
    ],
)
def test_the_clocks_of_retention_that_the_end_started_stop(how: str, rules: set[Rule]) -> None:
    play, _, decides = ended_play(how)
    started = {c.rule for c in play.decided.clocks if c.since is not None}
    play.send(f"{decides} reopen")
    stopped = set(play.decided.clocks)
    assert started == rules
    assert stopped == {RetentionClock(play.main, rule, None) for rule in rules}


def test_whoever_was_closed_as_cleared_is_not_taken_for_cleared_when_it_goes_on() -> None:
    play = suspect()
    play.send("probation close", close_reason="acquitted_or_cleared")
    assert RetentionClock(play.main, Rule.CLEARED, NOW.date()) in play.decided.clocks
    play.send("probation reopen")
    assert RetentionClock(play.main, Rule.CLEARED, None) in play.decided.clocks


def test_a_referral_that_ended_without_consent_goes_on_without_it() -> None:
    play, _, _ = ended_play("no consent")
    assert play.send("probation reopen") == SUSPENDED
    assert not play.may_open("center")
    assert play.send("probation renew_consent") == "assessing"


def test_an_end_is_not_undone_for_its_sender_again_and_again() -> None:
    """Two ends of the center are undone; it is refused a third one, and the office is not."""
    play = working()
    play.run("center close\nprobation reopen\ncenter close\nprobation reopen")
    with pytest.raises(GuardFailed) as refusal:
        play.send("center close")
    assert failed_guards(refusal) == ["stopped_too_often"]
    for _ in range(3):
        play.run("probation close\nprobation reopen")
    assert play.send("probation close") == CLOSED


# Over a death that waits to be confirmed.


@pytest.mark.parametrize("over", ["", "prison withdraw_consent"])
def test_only_the_deciding_party_closes_over_a_reported_death(over: str) -> None:
    play = working()
    play.run("prison die")
    if over:
        play.send(over)
    center = standing(play).party_of(SHORT["center"])
    listed = {a["type"] for a in offered(play.case, standing(play), SHORT["center"])}
    assert "special_adjustment.close" not in listed
    with pytest.raises(IllegalMove) as refusal:
        play.send("center close")
    assert refusal.value.facts["state"] == center.view.state
    with pytest.raises(IllegalMove) as other:
        play.send("center draft_plan")
    assert other.value.facts["state"] == refusal.value.facts["state"]
    assert play.send("probation close") == CLOSED
    assert play.send("probation reopen") == (SUSPENDED if over else "death_reported")


def test_of_two_centers_the_one_that_leads_closes_over_a_reported_death() -> None:
    play = accepted_coordination()
    play.send("center27 die")
    with pytest.raises(NotYourStep):
        play.send("center27 close")
    assert play.send("center close") == CLOSED


# Parents and children.


def test_a_child_is_reopened_after_its_parent_and_not_before() -> None:
    play, child = regional()
    play.run("center27 acknowledge", child)
    play.send("probation close")
    assert play.state(child) == CLOSED
    with pytest.raises(GuardFailed) as refusal:
        play.send("center reopen", child)
    assert failed_guards(refusal) == ["parent_goes_on"]
    # It does not wait for what was closed with it.
    assert play.send("probation reopen") == "assessing"
    assert play.state(child) == CLOSED
    assert play.send("center reopen", child) == "acknowledged"
    assert play.state() == "regional_pending"
    assert play.send("center27 return_case", child) == CLOSED
    assert play.state() == "assessing"


def test_a_child_is_not_reopened_into_a_parent_that_has_moved_on_or_is_stopped() -> None:
    play = accepted_coordination()
    parent = standing(play).parent
    play.send("center close")
    play.send("probation withdraw_consent", parent)
    with pytest.raises(GuardFailed) as refusal:
        play.send("center reopen")
    assert failed_guards(refusal) == ["parent_goes_on"]
    play.send("probation renew_consent", parent)
    play.run("center draft_plan\ncenter agree_plan\ncenter start_seeking", parent)
    play.send("center agree_placement", parent)
    with pytest.raises(GuardFailed) as refusal:
        play.send("center reopen")
    assert failed_guards(refusal) == ["parent_takes_it_again"]


def test_what_the_parent_held_at_the_end_is_not_held_any_more() -> None:
    play, child = regional()
    play.run("prison die\nprobation confirm_death")
    assert HELD in play.case.referrals[child].back
    play.run("probation reopen\nprobation retract_death")
    assert play.send("center reopen", child) == "requested"
    parties = play.case.referrals[child].parties
    assert {(p.view.state, p.view.back) for p in parties} == {("requested", ())}


def test_a_child_that_had_been_handed_over_reports_nothing_when_it_is_reopened() -> None:
    play = handed_over()
    parent = standing(play).parent
    assert parent is not None
    play.send("center27 complete")
    state = play.state(parent)
    assert play.send("center27 reopen") == "lead_transferred"
    assert play.state(parent) == state == "seeking_placement"


def test_a_child_that_had_been_handed_over_ends_with_its_parent() -> None:
    for line in ("probation close", "center27 close"):
        play = handed_over()
        child, parent = standing(play).id, standing(play).parent
        assert play.state(child) == "lead_transferred"
        assert play.send(line, parent) == CLOSED
        assert play.state(child) == CLOSED


def test_a_center_that_goes_on_without_relief_leaves_reopening_to_the_office() -> None:
    play = suspect()
    play.run("prosecutor release_disposition\ncenter skip_relief")
    play.send("center close", close_reason="settled")
    with pytest.raises(NotYourStep) as refusal:
        play.send("center reopen")
    assert refusal.value.facts["by"] == ["probation_office"]
    assert play.send("probation reopen") == "community_support"


# Tables.


def without_reopening(flow: Flow) -> Flow:
    return replace(flow, steps=tuple(s for s in flow.steps if not s.type.endswith(".reopen")))


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_a_table_that_ends_a_referral_for_good_is_not_built(flow: Flow) -> None:
    with pytest.raises(ValueError, match="reopen does not undo the end of a referral"):
        without_reopening(flow)
    for step in flow.steps:
        if step.to == CLOSED and step.by != ("sys",):
            event = step.type.partition(".")[2]
            assert can_be_reopened(step) or EXITS[event].final, step.type


def test_whatever_a_referral_refuses_when_it_is_open_says_nothing_of_an_end() -> None:
    """`reopen` is refused alike whether or not the referral was closed in the meantime unseen."""
    answers = []
    for closed in (False, True):
        play = working()
        view = standing(play).party_of(SHORT["center"]).view
        if closed:
            play.send("probation close")
            parties = tuple(
                replace(p, view=view) if p.agency_id == SHORT["center"] else p
                for p in standing(play).parties
            )
            play.case = play.case.with_referral(replace(standing(play), parties=parties))
        with pytest.raises(Refusal) as refusal:
            play.send("center reopen")
        answers.append((type(refusal.value), refusal.value.facts))
    assert answers[0] == answers[1]
