"""The pages that are made from the tables of the flows, in each language."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from app.api.flows.field_notes import NOTES, SOURCES
from app.api.flows.message_page import Json, Table, message_page
from app.cli.contract.flow_markdown import page, rows
from app.cli.contract.flow_pages import flow_pages, flows_docs
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.flow_guards import flow_guards
from app.domain.state_machine.reachability import possible_steps

DOCS = Path(__file__).parents[3] / "docs"
ALL = list(FLOWS)
LANGUAGES = ["ja", "en"]


@pytest.mark.parametrize(("name", "text"), list(flow_pages()))
def test_the_page_in_the_repository_is_fresh(name: str, text: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text


def test_there_is_no_page_of_a_flow_that_is_not_made_from_a_table() -> None:
    written = {str(p.relative_to(DOCS)) for p in DOCS.glob("*/flows/**/*.md")}
    assert written == {name for name, _ in flow_pages()}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_names_every_message_guard_and_added_row(name: str, language: str) -> None:
    flow, text = FLOWS[name], page(FLOWS[name], language)
    for body in flow.bodies.values():
        event = body.wire_type().partition(".")[2]
        title = body.TITLE.in_language(language)
        assert f'<a id="{event}"></a>\n### `{event}` {title}\n' in text
    steps = list(possible_steps(flow))
    added = {step.type for step in steps if step.added}
    for step in steps:
        event = step.type.partition(".")[2]
        assert (f"| [`{event}`](#{event}) † " in text) is (step.type in added)
    assert all(f"| `{name}` |" in text for name in flow_guards(flow))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_section_of_a_message_says_all_that_its_served_page_does(
    name: str, language: str
) -> None:
    _, *sections = re.split(r'^<a id="(\w+)"></a>\n### ', page(FLOWS[name], language), flags=re.M)
    texts = dict(zip(sections[::2], sections[1::2], strict=True))
    assert list(texts) == [
        body.wire_type().partition(".")[2] for body in FLOWS[name].bodies.values()
    ]
    for event, text in texts.items():
        served = message_page(f"{name}.{event}", language)
        assert set(served.introduction) <= set(text.splitlines())
        for section in served.sections:
            assert f'<a id="{event}-{section.anchor}"></a>\n#### {section.title}\n' in text
            assert all(is_said(block, text) for block in section.blocks)


def is_said(block: str | Table | Json, text: str) -> bool:
    """Whether a page in Markdown has a part of the page that is served."""
    if isinstance(block, Table):
        return {f"| {' | '.join(row)} |" for row in block.rows} <= set(text.splitlines())
    return (block.text if isinstance(block, Json) else block) in text


@pytest.mark.parametrize("name", ALL)
def test_the_rows_of_one_message_are_those_of_the_whole_table_that_name_it(name: str) -> None:
    flow = FLOWS[name]
    whole = list(rows(flow, "en"))[2:-1]
    each = [list(rows(flow, "en", body.wire_type()))[2:-1] for body in flow.bodies.values()]
    assert sorted(whole) == sorted(row for some in each for row in some)


def test_every_note_of_a_field_has_its_japanese() -> None:
    fields = [f for flow in FLOWS.values() for b in flow.bodies.values() for f in _fields(b)]
    assert {field.description for field in fields if field.description} == NOTES.keys()
    assert all(field.title for field in fields)


def test_every_source_that_is_shown_has_its_japanese() -> None:
    shown = {source for name in ALL for source in _sources(page(FLOWS[name], "ja"), "出典")}
    assert set(SOURCES.values()) <= shown
    assert not {source for source in shown if re.search("[a-z]{4}", source)} - set(SOURCES.values())
    assert not re.search("domain reference", "".join(text for _, text in flow_pages()))


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    flows_docs(tmp_path)
    flows_docs(tmp_path, check=True)
    (tmp_path / "en" / "flows" / "defence_support.md").write_text("old", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"en/flows/defence_support\.md"):
        flows_docs(tmp_path, check=True)


def _fields(body: type[Body]) -> list[FieldInfo]:
    return [field for name, field in body.model_fields.items() if name != "type"]


def _sources(text: str, word: str) -> list[str]:
    lines = re.findall(rf"^{word}: (.+)$", text, re.MULTILINE)
    return [source for line in lines for source in line.split("; ")]
