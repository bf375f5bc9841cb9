"""Readings over kanji: every text for the person concerned can be read by who reads kana alone."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.printing.furigana import readings
from app.api.disclosures import person_sheet_words
from app.domain.calendar.words import day_words, era_year
from app.domain.disclosures import plain_words
from app.domain.printing.ruby import KANA, Run, add_readings, has_kanji, plain, runs
from app.domain.text import Text
from app.domain.vocabulary.law import LegalBasis

UNSURE = {"貴船原少女苑", "筑紫少女苑"}
"""Names of whose readings we are not sure: they are printed without."""


def texts() -> Iterator[Text]:
    """Every fixed text of the sheet."""
    for module in (person_sheet_words, plain_words):
        for value in vars(module).values():
            if isinstance(value, Text):
                yield value
            elif isinstance(value, dict):
                yield from (t for t in value.values() if isinstance(t, Text))
            elif isinstance(value, tuple):
                yield from (t for t in value if isinstance(t, Text))


def said(text: Text) -> str:
    """The Japanese of a text, its places for values filled."""
    return text.ja.replace("{{", "{").replace("}}", "}") if "{count}" in text.ja else text.ja


SHEET = [*texts()]
READ = [t for t in SHEET if t is not person_sheet_words.FOOT]
"""All but the foot of the page, which is for those who file the paper."""


def test_the_texts_of_the_sheet_are_there() -> None:
    assert len(SHEET) > 40


@pytest.mark.parametrize("text", READ, ids=lambda t: t.en[:40])
def test_every_kanji_has_a_reading_in_kana(text: Text) -> None:
    for run in runs(said(text)):
        if run.reading is None:
            assert not has_kanji(run.text), run
        else:
            assert KANA.fullmatch(run.reading), run
            assert has_kanji(run.text), run


@pytest.mark.parametrize("text", SHEET, ids=lambda t: t.en[:40])
def test_english_needs_no_readings(text: Text) -> None:
    assert text.en.isascii()


def test_every_legal_basis_has_plain_words() -> None:
    assert set(plain_words.BASES) == set(LegalBasis)


def test_the_curated_readings_are_kana() -> None:
    for part, reading in readings().items():
        assert has_kanji(part), part
        assert KANA.fullmatch(reading), part


def test_every_agency_of_the_directory_has_a_reading_where_we_are_sure_of_it() -> None:
    text = files("app.adapters.directory.data").joinpath("agencies.csv").read_text(encoding="utf-8")
    names = [row["name"] for row in csv.DictReader(text.splitlines())]
    assert {n for n in names if has_kanji(n) and add_readings(n, readings()) == n} == UNSURE
    assert all(plain(add_readings(name, readings())) == name for name in names)


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
