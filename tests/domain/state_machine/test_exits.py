"""Rows that end or stop a referral, or give their own sender access; tables that must not be."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.cases.case import CLOSED, SUSPENDED
from app.domain.flows import FLOWS
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.table import BACK, Flow, Step

SPECIAL, DEFENCE = FLOWS["special_adjustment"], FLOWS["defence_support"]
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


def test_no_answer_is_left_over() -> None:
    events = {event_of(step) for flow in FLOWS.values() for step in flow.steps}
    assert EXITS.keys() <= events


@pytest.mark.parametrize(
    ("flow", "event", "state", "changes", "problem"),
    [
        (SPECIAL, "withdraw_request", None, {"decides": False}, "needs no decider"),
        (SPECIAL, "decline", "assessing", {"decides": False}, "without a decider"),
        (SPECIAL, "retract_decline", None, {"to": "="}, "is not undone by"),
        (SPECIAL, "interview", None, {"to": CLOSED}, "who is hurt"),
        (SPECIAL, "renew_consent", None, {"to": BACK}, "end the suspension of its own access"),
        (SPECIAL, "confirm_consent", None, {"by": ("center",)}, "is not the vouching party"),
        (SPECIAL, "confirm_consent", None, {"decides": False}, "is not the vouching party"),
        (DEFENCE, "retract_withdrawal", SUSPENDED, {"by": ("center",)}, "own access"),
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
