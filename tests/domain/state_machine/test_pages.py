"""The pages, matrices and diagrams that are made from the tables."""

from pathlib import Path

import pytest

from app.cli.contract.flow_pages import contents, flows_docs
from app.domain.flows import FLOWS
from app.domain.state_machine.pages import matrix, mermaid, page

PAGES = Path(__file__).parents[3] / "docs" / "flows"
ALL = list(FLOWS)


@pytest.mark.parametrize("name", ALL)
def test_the_page_in_the_repository_is_fresh(name: str) -> None:
    assert (PAGES / f"{name}.md").read_text(encoding="utf-8") == page(FLOWS[name])
    assert (PAGES / "README.md").read_text(encoding="utf-8") == contents()


@pytest.mark.parametrize("name", ALL)
def test_the_matrix_holds_every_row_of_the_table_once(name: str) -> None:
    flow = FLOWS[name]
    told = [
        (state, row["type"], party, row["to"], row["seat"], *row["copies"])
        for row in matrix(flow)
        for state in row["from"]
        for party in row["by"]
    ]
    written = [
        (s.state, s.type, party, s.to, "decider" if s.decides else "any", *s.copies)
        for s in flow.steps
        for party in s.by
    ]
    assert sorted(told) == sorted(written)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_diagram_shows_every_state_but_the_common_side_states(name: str, language: str) -> None:
    flow, drawn = FLOWS[name], mermaid(FLOWS[name], language)
    assert drawn.startswith("stateDiagram-v2\n")
    for state, title in flow.states.items():
        if state not in {"suspended_consent", "decline_pending", "closed"}:
            assert f'state "{title.in_language(language)}" as {state}' in drawn
    assert "[*] --> " in drawn
    assert " --> [*]" in drawn


def test_a_side_state_returns_to_where_it_was_entered() -> None:
    drawn = mermaid(FLOWS["suspect_support"])
    assert "contact_ban_hold --> visiting: lift_contact_ban" in drawn
    assert "contact_ban_hold --> center_accepted: lift_contact_ban" in drawn


@pytest.mark.parametrize("name", ALL)
def test_a_page_names_every_message_guard_and_added_row(name: str) -> None:
    flow, told = FLOWS[name], page(FLOWS[name])
    for body in flow.bodies.values():
        assert f"### `{body.named().partition('.')[2]}` {body.TITLE.ja}" in told
    for step in flow.steps:
        event = step.type.partition(".")[2]
        assert (f"| `{event}` † " in told) is step.added
        assert all(f"| `{guard.name}` |" in told for guard in step.guards)


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    flows_docs(tmp_path)
    flows_docs(tmp_path, check=True)
    (tmp_path / "defence_support.md").write_text("old", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"defence_support\.md"):
        flows_docs(tmp_path, check=True)
