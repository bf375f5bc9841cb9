"""The body of a message as lines to print, with Japanese titles and words for codes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.adapters.ids import mark_of
from app.domain.vocabulary.code import Code, Known

_FOR_MACHINES = re.compile(r" *\(GIF: [^)]*\)$")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """One field: its title, and either its text or its inner fields."""

    title: str
    text: str = ""
    groups: tuple[tuple["Line", ...], ...] = ()


def lines(model: type[BaseModel], values: Mapping[str, Any]) -> tuple[Line, ...]:
    """The fields of `model` that have a value, in the order of the model."""
    return tuple(
        _line(_FOR_MACHINES.sub("", field.title or name), field, values[name])
        for name, field in model.model_fields.items()
        if name != "type" and values.get(name) not in (None, [], "")
    )


def day(text: str) -> str:
    """A date in Japanese, such as 2026年11月20日."""
    match = _DAY.match(text)
    return f"{int(match[1])}年{int(match[2])}月{int(match[3])}日" if match else text


def _line(title: str, field: FieldInfo, value: Any) -> Line:
    parts = value if isinstance(value, list) else [value]
    inner = next((k for k in _kinds(field.annotation) if issubclass(k, BaseModel)), None)
    if inner is not None and all(isinstance(part, dict) for part in parts):
        return Line(title, groups=tuple(lines(inner, part) for part in parts))
    titles = _titles(field)
    return Line(title, "、".join(_words(part, titles) for part in parts))


def _words(value: Any, titles: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, str) and _DAY.fullmatch(value):
        return day(value)
    if isinstance(value, str) and _ID.fullmatch(value):
        return mark_of(UUID(value))
    return titles.get(str(value), str(value))


def _titles(field: FieldInfo) -> dict[str, str]:
    """The words for the codes that a field may hold."""
    titles: dict[str, str] = {}
    for kind in _kinds(field.annotation):
        if issubclass(kind, Code) and issubclass(kind, Enum):
            titles |= kind.titles()
    for mark in _marks(field.annotation, field.metadata):
        titles |= mark.codes.titles()
    return titles


def _kinds(annotation: Any) -> Iterator[type]:
    """All classes in an annotation, at any depth."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)


def _marks(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[Known]:
    yield from (mark for mark in metadata if isinstance(mark, Known))
    for part in get_args(annotation):
        if isinstance(part, Known):
            yield part
        else:
            yield from _marks(part)
