"""Text with readings (振り仮名): written as `{情報|じょうほう}`, parsed into runs."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

_MARK = re.compile(r"\{([^{}|]+)\|([^{}|]+)\}")
_KANJI = re.compile(r"[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30faー]+")
"""What a reading is written in."""


class Run(NamedTuple):
    """Characters that share one reading, or have none."""

    text: str
    reading: str | None = None


def runs(marked: str) -> Iterator[Run]:
    """The runs of a text, in order."""
    end = 0
    for mark in _MARK.finditer(marked):
        if end < mark.start():
            yield Run(marked[end : mark.start()])
        yield Run(mark[1], mark[2])
        end = mark.end()
    if end < len(marked):
        yield Run(marked[end:])


def plain(marked: str) -> str:
    """The text without its readings."""
    return "".join(run.text for run in runs(marked))


def has_kanji(text: str) -> bool:
    """Whether the text has kanji, so that a reader of kana alone cannot read it."""
    return _KANJI.search(text) is not None


def add_readings(name: str, readings: Mapping[str, str]) -> str:
    """A name with the readings of its parts, the longest parts first.

    A name of which some kanji would have no reading is left as it is: half a reading may be wrong.
    """
    text = "".join(_parts(name, readings))
    return name if any(r.reading is None and has_kanji(r.text) for r in runs(text)) else text


def _parts(name: str, readings: Mapping[str, str]) -> Iterator[str]:
    longest = _longest(frozenset(map(len, readings)))
    at = 0
    while at < len(name):
        lengths = (n for n in longest if name[at : at + n] in readings)
        length = next(lengths, 0)
        part = name[at : at + (length or 1)]
        yield f"{{{part}|{readings[part]}}}" if length else part
        at += length or 1


@lru_cache(maxsize=4)
def _longest(lengths: frozenset[int]) -> tuple[int, ...]:
    return tuple(sorted(lengths, reverse=True))
