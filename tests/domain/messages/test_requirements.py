"""The six requirements: all 64 cases, by a rule written out by hand."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.messages.payloads import samples
from app.domain.messages.requirements import Requirements, adjust_result
from app.domain.vocabulary.selection import AdjustResult

# One line for each answer to ①②③, one column for each answer to ④⑤⑥, from 000 to 111.
# s: 特別調整, g: 一般調整, -: 不選定. The wish is ⑤.
ALL_CASES = """
            000 001 010 011 100 101 110 111
    000     -   -   -   -   -   -   -   -
    001     -   -   -   -   -   -   -   -
    010     -   -   -   -   -   -   -   -
    011     -   -   -   -   -   -   -   -
    100     -   -   -   -   -   -   -   -
    101     -   -   g   g   -   -   g   g
    110     -   -   -   -   -   -   -   -
    111     -   -   -   -   -   -   -   s
"""
LETTERS = {"s": AdjustResult.SPECIAL, "g": AdjustResult.GENERAL, "-": AdjustResult.NONE}


def cases() -> list[tuple[str, AdjustResult]]:
    header, *lines = ALL_CASES.strip().splitlines()
    columns = header.split()
    return [
        (first + last, LETTERS[letter])
        for first, *letters in map(str.split, lines)
        for last, letter in zip(columns, letters, strict=True)
    ]


def stated(answers: str) -> Mapping[str, Any]:
    """The example's requirements, with other answers."""
    return {
        name: {**requirement, "met": answer == "1"}
        for (name, requirement), answer in zip(samples.REQUIREMENTS.items(), answers, strict=True)
    }


def test_the_table_has_all_64_cases() -> None:
    assert len({answers for answers, _ in cases()}) == 64


@pytest.mark.parametrize(("answers", "result"), cases())
def test_the_six_answers_decide_what_may_be_selected(answers: str, result: AdjustResult) -> None:
    one, two, three, four, five, six = (answer == "1" for answer in answers)
    assert adjust_result(one, two, three, four, five, six, wish=five) is result
    requirements = Requirements.model_validate(stated(answers))
    assert requirements.result() is result
    assert requirements.numbers_failed() == [n for n, a in enumerate(answers, 1) if a == "0"]
    assert sorted(requirements.numbers_met() + requirements.numbers_failed()) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("answers", [f"{n:06b}" for n in range(64)])
def test_special_adjustment_follows_from_six_answers_whatever_is_wished_besides(
    answers: str,
) -> None:
    met = [answer == "1" for answer in answers]
    for wish in (False, True):
        special = adjust_result(*met, wish=wish) is AdjustResult.SPECIAL
        assert special is (answers == "111111")


def test_being_elderly_is_not_held_against_the_age_of_65() -> None:
    first = {
        **samples.REQUIREMENTS["req1_elderly_or_disabled"],
        "elderly": True,
        "elderly_reason": "62歳だが心身の衰えが著しい。",
    }
    changed = {**samples.REQUIREMENTS, "req1_elderly_or_disabled": first}
    assert Requirements.model_validate(changed).result() is AdjustResult.SPECIAL
