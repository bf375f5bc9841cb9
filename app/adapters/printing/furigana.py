"""Furigana for the names of agencies, from a curated list of parts of names."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def readings() -> Mapping[str, str]:
    """The reading in kana of each part of a name; parts with an uncertain reading are left out."""
    text = files("app.adapters.printing").joinpath("furigana.csv").read_text(encoding="utf-8")
    return {row["text"]: row["reading"] for row in csv.DictReader(text.splitlines())}
