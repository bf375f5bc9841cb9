"""The page of each message type: complete, in one language, and where the contract says it is."""

import re
from html import unescape
from itertools import chain
from urllib.parse import urljoin

import pytest
from httpx import AsyncClient
from markupsafe import escape

from app.api.flows.message_page import Json, MessagePage, Table, message_page
from app.api.wire.message_examples import answer_example, request_example
from app.domain.cases.case import NEW, SYSTEM
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.flow_guards import row_guards
from app.domain.state_machine.reachability import possible_steps
from app.domain.state_machine.step import BACK, INFORMED, NAMED, OTHERS, SAME, Step, parse_copy
from tests.support.contract import ENGLISH, PUBLISHED
from tests.whole.docs.test_languages import ENGLISH as SENTENCE
from tests.whole.docs.test_languages import JAPANESE, QUOTED

LANGUAGES = ["ja", "en"]


def rows(page: MessagePage, anchor: str) -> list[tuple[str, ...]]:
    """The rows of the first table of a section; none where it has a sentence instead."""
    section = next(each for each in page.sections if each.anchor == anchor)
    return [row for block in section.blocks[:1] if isinstance(block, Table) for row in block.rows]


def codes(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def steps_of(name: str) -> list[Step]:
    """The rows of this type that can happen."""
    return [step for step in possible_steps(FLOWS[name.partition(".")[0]]) if step.type == name]


def words(page: MessagePage) -> list[str]:
    """All that a page says, without the codes and examples."""
    blocks = [block for section in page.sections for block in section.blocks]
    tables = [(block.columns, *block.rows) for block in blocks if isinstance(block, Table)]
    cells = [cell for table in tables for row in table for cell in row]
    said = [block for block in blocks if isinstance(block, str)]
    titles = [page.title, *(section.title for section in page.sections)]
    return [re.sub("`[^`]+`", "", text) for text in (*titles, *page.introduction, *cells, *said)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", BODIES)
def test_a_page_names_every_state_sender_target_and_guard(name: str, language: str) -> None:
    page = message_page(name, language)
    said = {
        (state, next(iter(codes(row[3])), row[3]), frozenset(codes(row[4])))
        for row in rows(page, "states")
        for state in codes(row[1])
    }
    assert {(state, guards) for state, _, guards in said} == {
        (step.state, frozenset(g.name for g in row_guards(page.flow, step)))
        for step in steps_of(name)
    }
    assert {(state, to) for state, to, _ in said if to in {NEW, *page.flow.states}} == {
        (step.state, step.to) for step in steps_of(name) if step.to not in {SAME, BACK}
    }
    senders = set().union(*(codes(row[2]) for row in rows(page, "states")))
    assert senders == {by for step in steps_of(name) for by in step.by} & {*page.flow.parties}
    guards = {g.name: g.title for step in steps_of(name) for g in row_guards(page.flow, step)}
    assert rows(page, "guards") == [(f"`{g}`", t.in_language(language)) for g, t in guards.items()]


@pytest.mark.parametrize("name", BODIES)
def test_a_page_says_who_receives_which_classes(name: str) -> None:
    page = message_page(name, "en")
    flow, has = page.flow, set(BODIES[name].classes().values())
    said: dict[str, set[str]] = {}
    for row in rows(page, "copies"):
        (party,) = codes(row[1])
        said.setdefault(party, set()).update(codes(row[2]))
    wanted: dict[str, set[str]] = {}
    for step in steps_of(name):
        for copy in (*step.copies, *step.joins, *(f"{party}:C0" for party in step.ends)):
            meant, narrowed = parse_copy(copy)
            for party in flow.parties if meant in {OTHERS, NAMED, INFORMED} else [meant]:
                if step.by != (party,) or party in step.joins:
                    classes = (narrowed or flow.parties[party].classes) & has
                    wanted.setdefault(party, set()).update(classes)
    assert said == wanted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", BODIES)
def test_a_page_has_every_field_and_the_examples(name: str, language: str) -> None:
    page, body = message_page(name, language), BODIES[name]
    assert page.title == body.TITLE.in_language(language)
    told = [(*codes(row[0]), row[2], bool(row[3])) for row in rows(page, "fields")]
    assert told == [
        (field, body.classes()[field], info.is_required())
        for field, info in body.model_fields.items()
        if field != "type"
    ]
    shown = [b for section in page.sections for b in section.blocks if isinstance(b, Json)]
    if all(step.by == (SYSTEM,) for step in steps_of(name)):
        assert [block.value for block in shown] == [body.EXAMPLE]
    else:
        assert [block.value for block in shown] == [request_example(name), answer_example(name)]
        answer = shown[1].value
        assert answer["state"] in page.flow.states


@pytest.mark.parametrize("name", BODIES)
def test_a_page_is_whole_in_its_language(name: str) -> None:
    english, japanese = message_page(name, "en"), message_page(name, "ja")
    assert not [text for text in words(english) if JAPANESE.search(QUOTED.sub("", text))]
    assert not [text for text in words(japanese) if SENTENCE.search(text)]
    assert [s.anchor for s in english.sections] == [s.anchor for s in japanese.sections]


@pytest.mark.parametrize("flow", FLOWS)
async def test_the_schema_of_every_message_type_links_to_its_page(
    stranger: AsyncClient, flow: str
) -> None:
    for name in FLOWS[flow].bodies:
        for language, contract in (("ja", PUBLISHED), ("en", ENGLISH)):
            link = contract["components"]["schemas"][name]["externalDocs"]["url"]
            assert contract["servers"][0]["url"] == "/"
            answer = await stranger.get(link, headers={"Accept-Language": language})
            assert answer.status_code == 200, link
            assert answer.headers["Content-Language"] == language
            assert_says_all(answer.text, message_page(name, language))


def assert_says_all(html: str, page: MessagePage) -> None:
    """Fail unless a page as it is served says all that `page` does."""
    blocks = list(chain.from_iterable(section.blocks for section in page.sections))
    for text in (f"`{page.event}` {page.title}", *page.introduction):
        assert marked(text) in html
    for block in blocks:
        if isinstance(block, str):
            assert f"<p>{marked(block)}</p>" in html
        elif isinstance(block, Table):
            for row in block.rows:
                assert "".join(f"<td>{marked(cell)}</td>" for cell in row) in html
    shown = [unescape(text) for text in re.findall("<pre>(.*?)</pre>", html, re.DOTALL)]
    assert shown == [block.text for block in blocks if isinstance(block, Json)]


def marked(words: str) -> str:
    """Words as the page has them: escaped, and with their codes marked."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(words)))


async def test_a_page_can_be_asked_for_in_either_language(stranger: AsyncClient) -> None:
    path, wanted = "/v1/flows/defence_support/messages/inquire", {"Accept-Language": "en"}
    english, japanese = [await stranger.get(f"{path}?lang={each}") for each in ("en", "ja")]
    assert '<html lang="en">' in english.text
    assert '<html lang="ja">' in japanese.text
    assert (await stranger.get(path, headers=wanted)).text == english.text
    assert (await stranger.get(path)).text == japanese.text
    assert (await stranger.get(f"{path}?lang=ja", headers=wanted)).text == japanese.text
    assert (await stranger.get(f"{path}?lang=fr")).status_code == 422


async def test_a_page_loads_nothing_from_elsewhere_and_can_be_kept(stranger: AsyncClient) -> None:
    path = "/v1/flows/defence_support/messages/inquire"
    answer = await stranger.get(path)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["Vary"] == "Accept-Language, Accept-Encoding"
    tag = answer.headers["ETag"]
    assert (await stranger.get(path, headers={"If-None-Match": tag})).status_code == 304
    english = await stranger.get(f"{path}?lang=en", headers={"If-None-Match": tag})
    assert english.status_code == 200
    for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
        target = urljoin(f"https://tsunagu.test{path}", link)
        assert target.startswith("https://tsunagu.test/")
        assert (await stranger.get(target)).status_code == 200, link
