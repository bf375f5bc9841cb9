"""Every text of the sheet for the person concerned can be read by who reads kana alone."""

from collections.abc import Iterator

import pytest

from app.api.disclosures import person_sheet_words
from app.domain.disclosures import plain_words
from app.domain.printing.ruby import KANA, has_kanji, runs
from app.domain.text import Text


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


def japanese_of(text: Text) -> str:
    """The Japanese of a text, its places for values filled."""
    return text.ja.replace("{{", "{").replace("}}", "}") if "{count}" in text.ja else text.ja


SHEET = [*texts()]
READ = [t for t in SHEET if t is not person_sheet_words.FOOT]
"""All but the foot of the page, which is for those who file the paper."""


def test_the_texts_of_the_sheet_are_there() -> None:
    assert len(SHEET) > 40


@pytest.mark.parametrize("text", READ, ids=lambda t: t.en[:40])
def test_every_kanji_has_a_reading_in_kana(text: Text) -> None:
    for run in runs(japanese_of(text)):
        if run.reading is None:
            assert not has_kanji(run.text), run
        else:
            assert KANA.fullmatch(run.reading), run
            assert has_kanji(run.text), run


@pytest.mark.parametrize("text", SHEET, ids=lambda t: t.en[:40])
def test_english_needs_no_readings(text: Text) -> None:
    assert text.en.isascii()
