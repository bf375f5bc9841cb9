"""How the names of agencies are read: curated parts of names, of their own file."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def readings() -> Mapping[str, str]:
    """The reading of each part of a name, in kana; parts of which we are not sure are missing."""
    text = files("app.adapters.printing").joinpath("furigana.csv").read_text(encoding="utf-8")
    return {row["text"]: row["reading"] for row in csv.DictReader(text.splitlines())}
