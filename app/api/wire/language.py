"""The language of a caller, and values in that language."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from fastapi import Request

from app.domain.text import Text

Language: TypeAlias = Literal["ja", "en"]

_RANGE = re.compile(
    r"\s*([a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?",
    re.ASCII,
)
_LONGEST = 500
"""The most characters of an Accept-Language header that are read."""


def language_of(request: Request) -> Language:
    """The language to answer `request` in."""
    return preferred_language(request.headers.get("accept-language", ""))


def preferred_language(accepted: str) -> Language:
    """English if the header prefers it to Japanese (RFC 9110 §12.5.4), otherwise Japanese."""
    weights: dict[str, float] = {}
    for tag, weight in _ranges(accepted[:_LONGEST]):
        weights.setdefault(tag, weight)
    english = weights.get("en", 0.0)
    japanese = weights.get("ja", weights.get("*", 0.0))
    first = next((tag for tag in weights if tag in {"en", "ja"}), "ja")
    wins = english > japanese or (english == japanese > 0 and first == "en")
    return "en" if wins else "ja"


def localise(value: Any, language: Language) -> Any:
    """`value` as JSON types, with each text in `language`."""
    if isinstance(value, Text):
        return value.in_language(language)
    if isinstance(value, Mapping):
        return {name: localise(part, language) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [localise(part, language) for part in value]
    return value


def _ranges(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        if match := _RANGE.fullmatch(part):
            weight = min(float(match[2] or 1), 1.0)
            yield match[1].partition("-")[0].lower(), weight
