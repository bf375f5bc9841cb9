"""Every page is there in Japanese and in English, and says the same in both.

What is compared is what a reader copies or looks up: code blocks, tables of codes, anchors and
links. Comments in code may be in the page's language, and so may the words of a diagram and the
output of a program; their codes and lines are compared all the same.
"""

import re
from pathlib import Path

import pytest

from tests.support.pages import (
    DOCS,
    FENCED,
    LANGUAGES,
    READMES,
    ROOT,
    anchors,
    headings,
    links,
    tables,
    without_code,
)

LANDING = "README of the project"
COMMENTS = {
    "python": "#",
    "sh": "#",
    "console": "#",
    "nginx": "#",
    "yaml": "#",
    "js": "//",
    "sql": "--",
}
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-鿿々]")
QUOTED = re.compile(r"「[^」\n]*」|\([^()\n]*\)|\[日本語\]")
"""Where an English page may have Japanese: terms of the field in 「」 or parentheses, the link."""
ENGLISH = re.compile(r"(?:\b[A-Za-z]+\b[,']? ){7}")
"""Seven English words in a row: more than the title of any standard that a page names."""


def _all(language: str) -> list[Path]:
    return sorted((DOCS / language).rglob("*.md"))


def names() -> list[str]:
    """Every page that either language has, by its path in the language's folder."""
    paths = {str(p.relative_to(DOCS / each)) for each in LANGUAGES for p in _all(each)}
    return [LANDING, *sorted(paths)]


def twins(name: str) -> tuple[str, str]:
    """The Japanese and the English text of a page."""
    ja, en = (_path(name, language).read_text(encoding="utf-8") for language in LANGUAGES)
    return ja, en


@pytest.mark.parametrize("name", names())
def test_a_page_is_there_in_both_languages_and_links_to_its_twin(name: str) -> None:
    for language, other, word in (("ja", "en", "English"), ("en", "ja", "日本語")):
        path = _path(name, language)
        assert path.exists(), f"there is no {path.relative_to(ROOT)}"
        target = re.fullmatch(rf"\[{word}\]\((.+)\)", path.read_text("utf-8").splitlines()[2])
        assert target is not None, f"line 3 of {path.relative_to(ROOT)} links to no other language"
        assert path.parent.joinpath(target[1]).resolve() == _path(name, other)


@pytest.mark.parametrize("name", names())
def test_code_blocks_are_the_same(name: str) -> None:
    ja, en = (FENCED.findall(text) for text in twins(name))
    assert [language for language, _ in ja] == [language for language, _ in en]
    for (language, japanese), (_, english) in zip(ja, en, strict=True):
        assert _comparable(language, japanese) == _comparable(language, english)


@pytest.mark.parametrize("name", names())
def test_tables_have_the_same_rows_and_codes(name: str) -> None:
    ja, en = (list(tables(text)) for text in twins(name))
    assert [len(table) for table in ja] == [len(table) for table in en]
    for japanese, english in zip(ja, en, strict=True):
        assert [_codes(row[0]) for row in japanese] == [_codes(row[0]) for row in english]


@pytest.mark.parametrize("name", names())
def test_headings_have_the_same_anchors_in_the_same_order(name: str) -> None:
    ja, en = twins(name)
    assert headings(ja) == headings(en)
    assert anchors(ja) == anchors(en)
    assert all(anchor for anchor, _ in headings(en)), "a heading has no anchor"
    assert len(set(anchors(en))) == len(anchors(en))


@pytest.mark.parametrize("name", names())
def test_links_lead_to_the_same_pages(name: str) -> None:
    ja, en = (sorted(set(links(text))) for text in twins(name))
    ours = {"README.md": "README.en.md"} if name == LANDING else {}
    there = {ours.get(link, re.sub(r"(^|/)ja/", r"\1en/", link)) for link in ja}
    back = {re.sub(r"(^|/)ja/", r"\1en/", link) for link in en}
    assert _but_for_the_twin(there) == _but_for_the_twin(back)


@pytest.mark.parametrize("name", names())
def test_an_english_page_has_no_japanese_but_for_quoted_terms(name: str) -> None:
    for line in QUOTED.sub("", without_code(twins(name)[1])).splitlines():
        assert not JAPANESE.search(line), line


@pytest.mark.parametrize("name", names())
def test_a_japanese_page_has_no_english_sentence(name: str) -> None:
    for line in without_code(twins(name)[0]).splitlines():
        assert not ENGLISH.search(re.sub(r"\]\([^)]*\)", "]", line)), line


def test_the_landing_pages_are_short_and_name_five_readers() -> None:
    for text in twins(LANDING):
        assert len(text.splitlines()) <= 120
        readers = next(rows for rows in tables(text) if len(rows[0]) == 3)
        assert len(readers) == 1 + 5
        assert all(len(links(row[1])) == 1 for row in readers[1:])


def test_the_list_of_pages_names_each_in_both_languages() -> None:
    listed = set(links((DOCS / "README.md").read_text(encoding="utf-8")))
    pages = {name for name in names() if name != LANDING and "/" not in name}
    for language in LANGUAGES:
        assert {f"{language}/{name}" for name in pages | {"flows/README.md"}} <= listed


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_a_page_in_two_halves_says_the_same_in_both(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    ja, en = text.partition('<a id="ja"></a>')[2].split('<a id="en"></a>')
    blocks = [[_comparable(*block) for block in FENCED.findall(half)] for half in (ja, en)]
    assert blocks[0] == blocks[1]
    rows = [[_codes(row[0]) for table in tables(half) for row in table] for half in (ja, en)]
    assert rows[0] == rows[1]
    rules = [re.findall(r"^(\d+)\. ", half, re.MULTILINE) for half in (ja, en)]
    assert rules[0] == rules[1]
    assert [re.sub(r"/ja/", "/en/", link) for link in links(ja)] == links(en)
    assert not any(JAPANESE.search(QUOTED.sub("", line)) for line in without_code(en).splitlines())


def _path(name: str, language: str) -> Path:
    return READMES[language] if name == LANDING else DOCS / language / name


def _but_for_the_twin(targets: set[str]) -> set[str]:
    return {each for each in targets if not re.search(r"(^|/)\.\./en/|^README(\.en)?\.md$", each)}


def _comparable(language: str, code: str) -> object:
    """What of a code block has to be the same in both languages."""
    if language == "mermaid":
        return re.sub(r'"[^"\n]*"', '""', code)
    if language == "text":
        return len(code.splitlines()), set(re.findall(r"\b[a-z]+(?:[._][a-z0-9_]+)+\b", code))
    mark = COMMENTS.get(language)
    lines = [_without_comment(line, mark) if mark else line for line in code.splitlines()]
    return [line for line in lines if line]


def _without_comment(line: str, mark: str) -> str:
    return re.sub(rf"(^|\s+){mark}(?!!)\s.*$", "", line).rstrip()


def _codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
