"""Rows that end or stop a referral, or give their own sender access; tables that must not be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.domain.cases.case import CLOSED, SUSPENDED
from app.domain.errors import NotYourStep
from app.domain.flows import FLOWS
from app.domain.state_machine.effects import effects_of
from app.domain.state_machine.exits import EXITS, Effect
from app.domain.state_machine.step import BACK, Step
from app.domain.state_machine.table import Flow
from tests.support.cases import ASSESSING, Play, special

SPECIAL, DEFENCE = FLOWS["special_adjustment"], FLOWS["defence_support"]
SUSPECT, REGIONAL = FLOWS["suspect_support"], FLOWS["regional_coordination"]
SYSTEM = ("sys",)


def event_of(step: Step) -> str:
    """The event of a row, without its flow."""
    return step.type.partition(".")[2]


def with_rows(flow: Flow, event: str, state: str | None = None, **changes: Any) -> Flow:
    """The flow with these changes to the rows of one event."""
    steps = tuple(
        replace(step, **changes)
        if event_of(step) == event and state in {None, step.state}
        else step
        for step in flow.steps
    )
    return replace(flow, steps=steps)


def exits_of(flow: Flow) -> list[Step]:
    """The rows by which somebody ends or stops a referral."""
    ends = {CLOSED, *flow.side_states}
    return [s for s in flow.steps if s.by != SYSTEM and s.to in ends - {s.state}]


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_who_is_hurt_and_how_they_object_is_answered_for_each_exit(flow: Flow) -> None:
    for step in exits_of(flow):
        answers = EXITS[event_of(step)]
        assert answers.hurts, step.type
        assert answers.objects, step.type
        assert step.decides or answers.undone_by, step.type


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_an_exit_of_another_than_the_deciding_party_needs_a_decider(flow: Flow) -> None:
    for step in exits_of(flow):
        if step.by != (flow.deciding,) and not EXITS[event_of(step)].pauses:
            assert step.decides, (step.state, step.type)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_whatever_ends_or_stops_or_undoes_has_twice_the_limit_of_messages(flow: Flow) -> None:
    vital = {name.partition(".")[2] for name in flow.vital_types}
    for step in exits_of(flow):
        assert {event_of(step), *EXITS[event_of(step)].undone_by} & vital, step.type
        assert event_of(step) in vital
    confirm = {e for e in map(event_of, flow.steps) if e.startswith(("confirm_", "retract_"))}
    refuse = {"refuse_consent"} if flow.vouching else set()
    assert confirm | refuse | {"change_custody", "die"} <= vital
    assert not vital & {"interview", "record_consent", "visit", "query", "accept"}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_whatever_takes_something_from_others_is_answered_for(flow: Flow) -> None:
    for step in flow.steps:
        effects = set(effects_of(flow, step))
        answers = EXITS[event_of(step)] if effects else None
        if answers is None or step.decides:
            continue
        assert Effect.MOVES not in effects, step.type
        assert answers.corrected or Effect.DAYS not in effects, step.type
        assert answers.ordinary or Effect.TAKES not in effects, step.type


def detained() -> Play:
    """A suspect whom a center visits."""
    play = Play("suspect_support", "prosecutor consult")
    play.run("probation answer_consultation\nprosecutor explain\nprosecutor consent")
    play.run("probation ask_opinion\nprosecutor no_objection\nprobation request_center")
    play.run("center accept\ncenter visit")
    return play


def in_relief() -> Play:
    """Somebody released, whose priority support runs."""
    play = detained()
    play.run("prosecutor release_disposition\nprobation apply_relief\nprobation approve_relief")
    return play


def indicted() -> Play:
    play = detained()
    play.send("prosecutor indict")
    return play


def asked_by_counsel() -> Play:
    play = Play("defence_support", "bar inquire")
    play.run("center accept\ncenter visit")
    return play


def stopped(event: str) -> Play:
    play = special(ASSESSING)
    play.send(f"prison {event}")
    return play


FINAL: dict[str, Callable[[], Play]] = {
    "prosecutor release_disposition": detained,
    "probation release_disposition": detained,
    "prosecutor indict": detained,
    "prison transfer_institution institution=prison27": lambda: special(ASSESSING),
    "center bail": indicted,
    "center verdict_release": indicted,
    "probation end_relief": in_relief,
    "bar report_outcome": asked_by_counsel,
    "center retract_decline": lambda: stopped("decline"),
    "probation retract_death": lambda: stopped("die"),
    "probation renew_consent": lambda: stopped("withdraw_consent"),
}


@pytest.mark.parametrize("line", FINAL)
def test_what_cannot_be_undone_and_what_undoes_an_exit_need_a_decider(line: str) -> None:
    play = FINAL[line]()
    state, parties = play.state(), play.case.referrals[play.main].parties
    who, rest = line.split(" ", 1)
    with pytest.raises(NotYourStep) as refused:
        play.send(f"{who}~ {rest}")
    assert refused.value.facts["seat"] == "decider"
    assert (play.state(), play.case.referrals[play.main].parties) == (state, parties)
    play.send(line)
    assert (play.state(), play.case.referrals[play.main].parties) != (state, parties)


def test_the_new_institution_hands_back_the_part_that_it_did_not_want() -> None:
    play = special(ASSESSING)
    play.send("prison transfer_institution institution=prison27")
    play.send("prison27 transfer_institution institution=prison")
    active = {p.name: p.agency_id for p in play.case.referrals[play.main].parties if p.active}
    assert active["institution"] == "prison-fuchu"


def test_no_answer_is_left_over() -> None:
    events = {event_of(step) for flow in FLOWS.values() for step in flow.steps}
    assert EXITS.keys() <= events


@pytest.mark.parametrize(
    ("flow", "event", "state", "changes", "problem"),
    [
        (SPECIAL, "withdraw_request", None, {"decides": False}, "needs no decider"),
        (SPECIAL, "transfer_institution", "assessing", {"decides": False}, "ends a part"),
        (SPECIAL, "start_selection", None, {"joins": ("center",)}, "ends a part"),
        (SPECIAL, "accept", None, {"decides": False}, "passes the lead"),
        (SUSPECT, "release_disposition", "visiting", {"decides": False}, "could, and needs"),
        (SUSPECT, "bail", None, {"decides": False}, "could, and needs no decider"),
        (SUSPECT, "end_relief", None, {"decides": False}, "days that others keep, and needs"),
        (DEFENCE, "report_outcome", "visiting", {"decides": False}, "could, and needs"),
        (SUSPECT, "start_for_defendant", None, {"to": "community_support"}, "who is hurt"),
        (SPECIAL, "retract_decline", None, {"decides": False}, "undoes what a decider did"),
        (SPECIAL, "renew_consent", None, {"by": ("institution",), "to": BACK}, "not the vouching"),
        (SPECIAL, "decline", "assessing", {"decides": False}, "without a decider"),
        (SPECIAL, "retract_decline", None, {"to": "="}, "is not undone by"),
        (SPECIAL, "interview", None, {"to": CLOSED}, "who is hurt"),
        (SPECIAL, "close", "settled", {"decides": False}, "ends a referral, and needs no"),
        (SPECIAL, "not_select", None, {"ends": ("institution",)}, "which reopening does not"),
        (SPECIAL, "reopen", None, {"by": ("center",)}, "not the deciding party's decider's"),
        (SPECIAL, "reopen", None, {"decides": False}, "not the deciding party's decider's"),
        (SPECIAL, "reopen", None, {"copies": ("center",)}, "does not tell everybody"),
        (SPECIAL, "reopen", None, {"to": "="}, "is not the deciding party's decider's"),
        (REGIONAL, "reopen", None, {"reports": None}, "does not report to the parent"),
        (SPECIAL, "renew_consent", None, {"to": BACK}, "end the suspension of its own access"),
        (SPECIAL, "confirm_consent", None, {"by": ("center",)}, "is not the vouching party"),
        (SPECIAL, "confirm_consent", None, {"decides": False}, "is not the vouching party"),
        (DEFENCE, "retract_withdrawal", SUSPENDED, {"by": ("center",)}, "own access"),
        (REGIONAL, "renew_consent", None, {"by": ("origin_center",), "to": BACK}, "the vouching"),
        (REGIONAL, "consent_confirmed", SUSPENDED, {"to": "="}, "is not undone by"),
        (SUSPECT, "decline_capacity", None, {"copies": ("probation_office",)}, "tell prosecutor"),
        (SPECIAL, "transfer_office", "assessing", {"copies": ("center",)}, "tell institution"),
        (SPECIAL, "transfer_institution", "requested", {"copies": ("center",)}, "tell probation"),
        (SUSPECT, "skip_relief", None, {"ends": ("probation_office",)}, "without a successor"),
        (SPECIAL, "transfer_office", "assessing", {"joins": ()}, "without a successor"),
        (DEFENCE, "ask_probation", None, {"ends": ("counsel",)}, "without a successor"),
        (DEFENCE, "report_outcome", None, {"ends": ("center",)}, "without a successor"),
        (SUSPECT, "apply_relief", None, {"asks_consent": True}, "cannot be sent without what"),
        (SUSPECT, "lift_contact_ban", None, {"asks_consent": True}, "that happens without it"),
        (SPECIAL, "released", "assessing", {"asks_consent": True}, "that happens without it"),
        (SPECIAL, "close", "assessing", {"asks_consent": True}, "that happens without it"),
        (
            SPECIAL,
            "transfer_institution",
            "assessing",
            {"joins": ("institution", "center")},
            "that happens without it",
        ),
    ],
)
def test_a_table_with_a_row_that_gives_too_much_is_not_built(
    flow: Flow, event: str, state: str | None, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        with_rows(flow, event, state, **changes)


@pytest.mark.parametrize("vouching", ["center", "nobody", None])
def test_whoever_vouches_is_a_party_that_does_not_depend_on_consent(vouching: str | None) -> None:
    with pytest.raises(ValueError, match="vouch"):
        replace(SPECIAL, vouching=vouching)
