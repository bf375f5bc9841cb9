"""Whatever refuses a message by name stands in its row or in its flow, as they are published."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.domain.cases.case import Case
from app.domain.cases.stops import MOST_RETURNS, Stops
from app.domain.classes import DataClass
from app.domain.errors import GuardFailed, Refusal
from app.domain.flows import FLOWS
from app.domain.state_machine.flow_guards import EVERYWHERE, flow_guards, row_guards
from app.domain.state_machine.guards.base import has_come
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow
from tests.support.rows import send_example, sendings, standing, with_referral

APP = Path(__file__).parents[3] / "app"
MAKERS = {"Guard", "RowRule", "guard"}


def calls(name: str) -> Iterator[ast.Call]:
    """The calls of these functions in the code."""
    for file in sorted((APP / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                yield node


def written_names() -> set[str]:
    """The names of all guards in the code, but those that are made from a field's name."""
    first = (call.args[0] for maker in MAKERS for call in calls(maker) if call.args)
    return {str(arg.value) for arg in first if isinstance(arg, ast.Constant)}


def test_every_guard_in_the_code_is_published_by_a_flow_with_its_title() -> None:
    published = dict(item for flow in FLOWS.values() for item in flow_guards(flow).items())
    days = {name for name in published if name.endswith("_has_come")}
    assert published.keys() - days == written_names()
    assert {has_come("held_on").name} <= days
    assert all(guard.title.ja and guard.title.en for guard in published.values())


def test_a_guard_refuses_only_through_what_is_published() -> None:
    """No refusal is written by hand beside the guards and rules."""
    raised = [ast.unparse(call.args[0]) for call in calls("GuardFailed")]
    by_rules = {f"[{name}.refusal" for name in ("CLASS_NOT_ERASED", "STOPPED_TOO_OFTEN")}
    by_rules.add("[PARENT_TAKES_IT_AGAIN.refusal")
    assert len(raised) > len(by_rules)
    assert {argument.partition("(")[0] for argument in raised} == {"failed", *by_rules}


def tried(flow: Flow, step: Step) -> Iterator[Case]:
    """A case for the row: without consent, after many stops, after everything was erased."""
    case = standing(flow, step)
    yield case
    (referral,) = case.referrals.values()
    agencies = [party.agency_id for party in referral.parties]
    ended = {agency: dict.fromkeys(flow.states, MOST_RETURNS) for agency in agencies}
    yield with_referral(case, stops=Stops(ended=ended))
    yield with_referral(case, erased=frozenset(DataClass))


@pytest.mark.parametrize("name", FLOWS)
def test_a_row_is_refused_by_the_guards_that_it_publishes_and_no_others(name: str) -> None:
    flow, refusing = FLOWS[name], set[str]()
    everywhere = {rule.name for rule in EVERYWHERE}
    for step, sender in sendings(flow):
        published = {guard.name for guard in row_guards(flow, step)} | everywhere
        for case in tried(flow, step):
            with suppress(Refusal):
                refused = refusals(case, step, sender)
                assert refused <= published, (step.type, step.state, sender)
                refusing |= refused
    assert {"consent_covers", "class_not_erased"} <= refusing
    # There only the deciding party stops or ends anything but by what is claimed.
    assert ("stopped_too_often" in refusing) is (name != "defence_support")


def refusals(case: Case, step: Step, sender: str) -> set[str]:
    """The names of the guards that refuse the example of a row."""
    try:
        send_example(case, step, sender)
    except GuardFailed as refused:
        return {guard["name"] for guard in refused.facts["guards"]}
    return set()
