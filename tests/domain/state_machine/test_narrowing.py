"""Rows that take only some values of a field say which, and so do their refusals."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from app.domain.flows import FLOWS
from app.domain.state_machine.guard import Guard, Taken, takes_anything
from app.domain.state_machine.step import Step
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.procedure import Disposition
from tests.domain.state_machine.test_guards import situation

CODES = (CloseReason, Disposition)


def narrowed() -> Iterator[tuple[Step, Guard, Taken]]:
    """Each field of which a guard takes some values, in each row."""
    for flow in FLOWS.values():
        for step in flow.steps:
            for guard in step.guards:
                yield from ((step, guard, t) for t in guard.takes(step.state) if t.values)


def all_values(taken: Taken) -> list[Any]:
    """Every value that the schema of the field takes."""
    if isinstance(taken.values[0], bool):
        return [True, False]
    return next([*c.titles()] for c in CODES if taken.values[0] in c.titles())


def with_value(step: Step, pointer: str, value: Any) -> dict[str, Any]:
    """The example of a row's message with another value at a place."""
    body = deepcopy(dict(step.body.EXAMPLE))
    *above, last = pointer.removeprefix("/body/").split("/")
    place: Any = body
    for name in above:
        place[name] = dict(place[name])
        place = place[name]
    place[last] = value
    return {name: part for name, part in body.items() if name != "type"}


def test_a_guard_takes_the_values_that_its_row_lists_and_lists_them_in_its_refusal() -> None:
    looked_at = set()
    for step, guard, taken in narrowed():
        for value in all_values(taken):
            said = with_value(step, taken.pointer, value)
            objection = guard.check(situation(step.type, state=step.state, **said))
            refused = objection is not None and taken.pointer in objection.needs
            assert refused is (value not in taken.values), (step.type, step.state, value)
            if refused and objection is not None:
                assert taken.as_values() in objection.more["takes"]
        looked_at.add((guard.name, taken.pointer))
    assert {name for name, _ in looked_at} == {
        *("close_reason_allowed", "closed_for_objection", "frees", "indicts", "imprisons"),
        *("six_requirements_met", "general_requirements", "wish", "requirement6_consent_valid"),
        *("written_application", "extension_conditions"),
    }


@pytest.mark.parametrize(
    ("flow", "silent"),
    [
        ("special_adjustment", "close_reason_allowed"),
        ("special_adjustment", "result_as_selected"),
        ("suspect_support", "frees"),
        ("suspect_support", "explained_all_items"),
        ("suspect_support", "written_application"),
    ],
)
def test_a_table_with_a_guard_that_does_not_say_what_it_takes_is_not_built(
    flow: str, silent: str
) -> None:
    steps = tuple(
        replace(
            step,
            guards=tuple(
                replace(g, takes=takes_anything) if g.name == silent else g for g in step.guards
            ),
        )
        for step in FLOWS[flow].steps
    )
    with pytest.raises(ValueError, match=f"{silent} narrows .*does not say"):
        replace(FLOWS[flow], steps=steps)


@pytest.mark.parametrize(
    "need", ["requirement_4", "/body/requirement_4", "/facts/anything", "/to/nobody", "/somewhere"]
)
def test_a_table_whose_refusals_name_what_is_nowhere_is_not_built(need: str) -> None:
    flow = FLOWS["special_adjustment"]
    steps = tuple(
        replace(step, guards=tuple(replace(g, needs=(*g.needs, need)) for g in step.guards))
        for step in flow.steps
    )
    with pytest.raises(ValueError, match="which is nowhere"):
        replace(flow, steps=steps)
