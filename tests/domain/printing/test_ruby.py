"""Readings over kanji: every text for the person concerned can be read by who reads kana alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar.words import day_words, era_year
from app.domain.disclosures import plain_words
from app.domain.printing.ruby import Run, add_readings, has_kanji, plain, runs
from app.domain.vocabulary.law import LegalBasis


def test_every_legal_basis_has_plain_words() -> None:
    assert set(plain_words.BASES) == set(LegalBasis)


def test_a_name_is_read_as_a_whole_or_not_at_all() -> None:
    known = {"東京": "とうきょう", "東京都": "とうきょうと", "津": "つ"}
    assert add_readings("東京都センター", known) == "{東京都|とうきょうと}センター"
    assert add_readings("津山センター", known) == "津山センター"


@given(st.lists(st.tuples(st.text("山川ab ", min_size=1), st.none() | st.text("かな", min_size=1))))
def test_runs_give_back_what_was_marked(parts: list[tuple[str, str | None]]) -> None:
    text = "".join(f"{{{t}|{r}}}" if r else t for t, r in parts)
    found = [*runs(text)]
    assert plain(text) == "".join(t for t, _ in parts)
    assert [run for run in found if run.reading] == [Run(t, r) for t, r in parts if r]


@pytest.mark.parametrize(
    ("day", "era"),
    [
        (date(2019, 4, 30), ""),
        (date(2019, 5, 1), "令和元年"),
        (date(2020, 1, 1), "令和2年"),
        (date(2026, 11, 23), "令和8年"),
    ],
)
def test_years_are_said_in_the_era_too(day: date, era: str) -> None:
    assert plain(era_year(day)) == era


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_every_day_can_be_read(day: date) -> None:
    words = day_words(day)
    assert plain(words.ja).endswith(f"{day.month}月{day.day}日")
    assert all(run.reading or not has_kanji(run.text) for run in runs(words.ja))
    assert str(day.year) in words.en
    assert day_words(day + timedelta(days=1)) != words
