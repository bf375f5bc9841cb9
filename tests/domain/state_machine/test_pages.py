"""The matrices and diagrams that are made from the tables."""

import pytest

from app.domain.flows import FLOWS
from app.domain.state_machine.common_rows import CHILD_STATES, SIDE_STATES
from app.domain.state_machine.pages import matrix, mermaid
from app.domain.state_machine.reachability import possible_steps
from app.domain.state_machine.step import OTHERS, Step

ALL = list(FLOWS)


def _marks(step: Step) -> dict[str, None]:
    """The copies of a row, with those for whoever joins or ends by it without being its sender."""
    if OTHERS in step.copies:
        return dict.fromkeys(step.copies)
    ending = [p for p in step.ends if step.by != (p,)]
    left = [f"{p}:C0" for p in ending if p in step.joins or p not in step.copies]
    return dict.fromkeys((*step.copies, *step.joins, *left))


@pytest.mark.parametrize("name", ALL)
def test_the_matrix_holds_every_row_that_can_happen_once(name: str) -> None:
    flow = FLOWS[name]
    told = [
        (state, row["type"], party, row["to"], row["seat"], *row["copies"])
        for row in matrix(flow)
        for state in row["from"]
        for party in row["by"]
    ]
    written = [
        (s.state, s.type, party, s.to, "decider" if s.decides else "any", *_marks(s))
        for s in possible_steps(flow)
        for party in s.by
    ]
    assert sorted(told) == sorted(written)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_diagram_shows_every_state_but_the_common_side_states(name: str, language: str) -> None:
    flow, drawn = FLOWS[name], mermaid(FLOWS[name], language)
    assert drawn.startswith("stateDiagram-v2\n")
    for state, title in flow.states.items():
        if state not in {*SIDE_STATES, *CHILD_STATES, "closed"}:
            assert f'state "{title.in_language(language)}" as {state}' in drawn
    assert "[*] --> " in drawn
    assert " --> [*]" in drawn


def test_a_side_state_returns_to_where_it_was_entered() -> None:
    drawn = mermaid(FLOWS["suspect_support"])
    assert "contact_ban_hold --> visiting: lift_contact_ban" in drawn
    assert "contact_ban_hold --> center_accepted: lift_contact_ban" in drawn
