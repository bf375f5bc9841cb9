"""A settlement as it is counted: the column from three findings, the row from the age that day."""

from datetime import date
from typing import Any

import pytest

from app.domain.flows import BODIES
from app.domain.messages.payloads.eligibility import Disability
from app.domain.messages.person import Birth
from app.domain.messages.settlement import Settlement

SETTLE = BODIES["special_adjustment.settle"]

# code: physical, intellectual, mental (the columns of the yearly table, in its order)
COLUMNS = {
    "P": (1, 0, 0),
    "I": (0, 1, 0),
    "M": (0, 0, 1),
    "PI": (1, 1, 0),
    "PM": (1, 0, 1),
    "IM": (0, 1, 1),
    "PIM": (1, 1, 1),
    "OTHER": (0, 0, 0),
}

# The yearly table as it was published: year and bracket, the eight columns, the total.
PUBLISHED = """
    2021 ge65  37  29  56  4  5  8  3 242  384
    2021 lt65  22 135 212  6 11 70  3   3  462
    2020 ge65  27  22  56  1  8  6  1 221  342
    2020 lt65  21 132 188  7 13 65  1   2  429
"""


def disability(physical: int, intellectual: int, mental: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "physical": {"present": bool(physical)},
        "intellectual": {"present": bool(intellectual)},
        "mental": {"present": bool(mental)},
    }
    return found if physical + intellectual + mental else {**found, "other_reason": "elderly_only"}


def settled(on: str, born: dict[str, str], *present: int) -> Settlement:
    body = SETTLE.model_validate(
        {
            **SETTLE.EXAMPLE,
            "settled_on": on,
            "birth": born,
            "disability": disability(*present),
        }
    )
    cell = body.settlement()
    assert cell is not None
    return cell


@pytest.mark.parametrize(("column", "present"), list(COLUMNS.items()))
def test_three_findings_make_one_of_eight_columns(
    column: str, present: tuple[int, int, int]
) -> None:
    assert Disability.model_validate(disability(*present)).category == column


def test_persons_counted_one_by_one_give_the_published_table() -> None:
    old, young = {"date_of_birth": "1950-01-01"}, {"date_of_birth": "1980-01-01"}
    for line in PUBLISHED.strip().splitlines():
        year, bracket, *cells, total = line.split()
        born, on = (old if bracket == "ge65" else young), f"{year}-06-01"
        counted = dict.fromkeys(COLUMNS, 0)
        for (column, present), cell in zip(COLUMNS.items(), cells, strict=True):
            one = settled(on, born, *present)
            assert (one.fiscal_year, one.age_bracket) == (int(year), bracket)
            counted[one.category] += int(cell)
            assert one.category == column
        assert sum(counted.values()) == int(total)


@pytest.mark.parametrize(
    ("born", "precision", "on", "bracket"),
    [
        ("1961-06-15", "day", "2026-06-15", "ge65"),
        ("1961-06-16", "day", "2026-06-15", "lt65"),
        ("1961-06-01", "month", "2026-06-15", "unknown"),
        ("1961-05-01", "month", "2026-06-15", "ge65"),
        ("1961-12-01", "month", "2026-06-15", "lt65"),
        ("1961-01-01", "year", "2026-06-15", "unknown"),
        ("1961-01-01", "year", "2026-12-30", "unknown"),
        ("1961-01-01", "year", "2026-12-31", "ge65"),
        ("1960-01-01", "year", "2026-01-01", "ge65"),
        ("1962-01-01", "year", "2026-06-15", "lt65"),
        ("1960-02-29", "day", "2025-02-28", "lt65"),
        ("1960-02-29", "day", "2025-03-01", "ge65"),
    ],
)
def test_the_bracket_is_the_age_on_the_settlement_day_as_far_as_the_birth_date_tells(
    born: str, precision: str, on: str, bracket: str
) -> None:
    birth = {"date_of_birth": born, "dob_precision": precision}
    assert Birth.model_validate(birth).bracket(date.fromisoformat(on)) == bracket
    assert settled(on, birth, 1, 0, 0).age_bracket == bracket


def test_a_person_whose_birth_date_is_unknown_is_counted_too() -> None:
    assert settled("2026-06-15", {"dob_precision": "unknown"}, 0, 0, 0).age_bracket == "unknown"


def test_the_fiscal_year_begins_in_april() -> None:
    born = {"date_of_birth": "1950-01-01"}
    assert settled("2027-03-31", born, 1, 0, 0).fiscal_year == 2026
    assert settled("2027-04-01", born, 1, 0, 0).fiscal_year == 2027
