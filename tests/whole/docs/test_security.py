"""The pages on security name tests that are there, and leave out no point of the standards."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LANGUAGES = ("ja", "en")
SECURITY = {
    language: (ROOT / "docs" / language / "security.md").read_text() for language in LANGUAGES
}
ASVS = {
    language: (ROOT / "docs" / language / "security-asvs.md").read_text() for language in LANGUAGES
}
# The last requirement of levels 1 and 2 in each section of ASVS 5.0.0: those of level 3 come after.
SECTIONS = """
    1.1:2 1.2:9 1.3:11 1.4:3 1.5:2  2.1:3 2.2:3 2.3:4 2.4:1  3.2:2 3.3:4 3.4:6 3.5:5 3.7:2
    4.1:3 4.2:1 4.3:2 4.4:4  5.1:1 5.2:3 5.3:2 5.4:3  6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4
    7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2  8.1:2 8.2:3 8.3:1 8.4:1  9.1:3 9.2:4
    10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3  11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1
    12.1:3 12.2:2 12.3:4  13.1:1 13.2:5 13.3:2 13.4:5  14.1:2 14.2:4 14.3:3  15.1:3 15.2:3 15.3:7
    16.1:1 16.2:5 16.3:4 16.4:3 16.5:3  17.1:1 17.2:4 17.3:2
"""
ROW = re.compile(r"^\| ([\d.]+)(?:–(\d+))? \| (.) \| (.+?) \| ?(.*?) ?\|$", re.MULTILINE)


def named_tests(pages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every file of tests that a page names, and the test in it (empty: the whole file)."""
    for page in pages:
        for file, _, test in re.findall(r"`(tests/[\w/]+\.py)(::(\w+))?`", page):
            yield file, test


def test_every_test_that_is_named_is_there() -> None:
    missing = []
    for file, test in named_tests([*SECURITY.values(), *ASVS.values()]):
        path = ROOT / file
        text = path.read_text() if path.exists() else ""
        if not re.search(rf"def {test}\b" if test else r"def test_", text):
            missing.append(f"{file}::{test}")
    assert missing == []
    for language in LANGUAGES:
        assert len(set(named_tests([SECURITY[language], ASVS[language]]))) > 100


def test_both_languages_name_the_same_tests_for_the_same_claims() -> None:
    for pages in (SECURITY, ASVS):
        assert list(named_tests([pages["ja"]])) == list(named_tests([pages["en"]]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_point_of_level_2_is_answered_once(language: str) -> None:
    wanted = {
        f"{section}.{number}"
        for section, last in (each.split(":") for each in SECTIONS.split())
        for number in range(1, int(last) + 1)
    }
    assert len(wanted) == 253
    answered = Counter(
        f"{first.rpartition('.')[0]}.{number}"
        for first, last, *_ in ROW.findall(ASVS[language])
        for number in range(
            int(first.rpartition(".")[2]), int(last or first.rpartition(".")[2]) + 1
        )
    )
    assert set(answered) == wanted
    assert max(answered.values()) == 1


def test_both_languages_give_the_same_verdicts() -> None:
    ja, en = ([row[:3] for row in ROW.findall(ASVS[language])] for language in LANGUAGES)
    assert ja == en


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_to_be_met_is_shown_by_a_test_or_is_an_absence(language: str) -> None:
    unshown = {first: answer for first, _, verdict, answer, tests in
               ROW.findall(ASVS[language]) if verdict == "○" and not tests}  # fmt: skip
    assert unshown.keys() <= {"1.3.2", "6.4.2", "13.4.1"}, unshown


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_of_the_api_top_10_is_answered(language: str) -> None:
    rows = re.findall(r"^\| \*\*API(\d+)\*\* .+\| .+ \| `tests/.+` \|$", SECURITY[language], re.M)
    assert [int(number) for number in rows] == [*range(1, 11)]
