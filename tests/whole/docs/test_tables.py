"""The tables of codes in the pages list the codes that the service has, in both languages."""

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from app.domain.acts.acts import KINDS
from app.domain.acts.details import HoldReason
from app.domain.characters import UNWANTED
from app.domain.consents.coverage import BECAUSE, FAILINGS
from app.domain.consents.return_requests import ReturnAnswer
from app.domain.deliveries.delivery import STATUSES
from app.domain.deliveries.recall import RecallReason
from app.domain.disclosures.record import HOW
from app.domain.erasure.objections import ErasureReason
from app.domain.erasure.retention import TITLES
from tests.support.contract import PUBLISHED

DOCS = Path(__file__).parents[3] / "docs"
LANGUAGES = ("ja", "en")
ACTS = {kind for kind in KINDS if kind.startswith(("hold.", "erase", "recall."))}
ITEM = PUBLISHED["components"]["schemas"]["ItemOut"]["properties"]
"""Described in Japanese: what is ASCII there is a code."""
ITEM_KINDS = re.findall(r"[a-z_]+(?:\.[a-z_]+)*", ITEM["kind"]["description"])
ITEM_STATES = re.findall(r"[a-z]+", ITEM["state"]["description"])
CODES: dict[tuple[str, str], Collection[str]] = {
    ("acts", "kinds"): ACTS,
    ("administration", "kinds"): KINDS.keys() - ACTS,
    ("consents", "return-requests"): {str(answer) for answer in ReturnAnswer},
    ("consents", "when-it-does-not-suffice"): {
        *("needs", "missing", "consents"),
        *("because", *BECAUSE),
        *("fails", *FAILINGS),
    },
    ("deliveries", "status"): STATUSES,
    ("deliveries", "recall"): {str(reason) for reason in RecallReason},
    ("disclosures", "how"): HOW.keys(),
    ("erasure", "when"): TITLES.keys(),
    ("inbox", "kinds"): ITEM_KINDS,
    ("text", "refused"): UNWANTED.keys(),
    ("inbox", "states"): ITEM_STATES,
}
"""By page and section: the code spans in the first column of its tables. The head of a table may
name the field that has them."""


def section(language: str, page: str, anchor: str) -> str:
    """A section of a page, from its anchor to the next."""
    text = (DOCS / language / f"{page}.md").read_text(encoding="utf-8")
    return text.partition(f'<a id="{anchor}"></a>')[2].partition("<a id=")[0]


def rows(text: str) -> list[list[str]]:
    """The rows of its tables, without their heads, as cells."""
    lines = re.findall(r"^\|(?!-)(.*)\|$", re.sub(r"^\|.*\|\n(?=\|-)", "", text, flags=re.M), re.M)
    return [row.split("|") for row in lines]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("page", "anchor"), CODES)
def test_a_table_has_each_code_once(page: str, anchor: str, language: str) -> None:
    fields = {"because", "fails"}
    listed = [
        code
        for cells in rows(section(language, page, anchor))
        for code in re.findall(r"`([^`]+)`", cells[0])
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(CODES[page, anchor]) - fields


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_reasons_of_acts_are_those_of_the_code(language: str) -> None:
    table = {cells[0].strip(" `"): cells[-1] for cells in rows(section(language, "acts", "kinds"))}
    for kind, reasons in (("hold.set", HoldReason), ("erase", ErasureReason)):
        codes = re.findall(r"`([a-z_]+)`", table[kind])
        assert set(codes) - {"reason", "classes", "whole_case", "until"} == {
            str(r) for r in reasons
        }
