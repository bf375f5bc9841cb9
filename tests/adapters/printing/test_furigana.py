"""The readings of agencies' names: curated, in kana, and of every name that we are sure of."""

import csv
from importlib.resources import files

from app.adapters.printing.furigana import readings
from app.domain.printing.ruby import KANA, add_readings, has_kanji, plain

UNSURE = {"貴船原少女苑", "筑紫少女苑"}
"""Names of whose readings we are not sure: they are printed without."""


def test_the_curated_readings_are_kana() -> None:
    for part, reading in readings().items():
        assert has_kanji(part), part
        assert KANA.fullmatch(reading), part


def test_every_agency_of_the_directory_has_a_reading_where_we_are_sure_of_it() -> None:
    text = files("app.adapters.directory.data").joinpath("agencies.csv").read_text(encoding="utf-8")
    names = [row["name"] for row in csv.DictReader(text.splitlines())]
    assert {n for n in names if has_kanji(n) and add_readings(n, readings()) == n} == UNSURE
    assert all(plain(add_readings(name, readings())) == name for name in names)
