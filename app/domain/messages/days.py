"""Days that cannot be: in the future where they have come, before the birth, or far off.

Each day and instant of a body says in its type how far it may be from the day on which the message
is accepted. An event lies at most ten years back and a person who is referred is at least 14, so no
event of a later message lies before a birth, of which its sender may not know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import get_args

from pydantic import BaseModel
from typing_extensions import TypeIs

from app.domain.calendar.clock import JAPAN
from app.domain.messages.body import Body
from app.domain.messages.fields import DayRange
from app.domain.messages.person import Birth, first_possible

BEFORE_BIRTH = "before_birth"


@dataclass(frozen=True, slots=True)
class _Day:
    """A day in a body."""

    pointer: str
    day: date
    range: DayRange
    is_birth: bool


def impossible_days(body: Body, today: date) -> Iterator[tuple[str, str]]:
    """The JSON Pointer of each day of a body that cannot be, and the reason.

    Args:
        today: the day on which the message is accepted, in Japan.
    """
    days = list(_days_of(body, "/body"))
    births = [each.day for each in days if each.is_birth]
    for each in days:
        reason = each.range.reason_against(each.day, today)
        if reason is None and births and each.day < min(births):
            reason = BEFORE_BIRTH
        if reason is not None:
            yield each.pointer, reason


def _days_of(part: BaseModel, place: str) -> Iterator[_Day]:
    for name, day_range in _fields_with_days(type(part)).items():
        value = getattr(part, name)
        if value is None:
            continue
        pointer = f"{place}/{name}"
        if day_range is not None:
            yield _Day(pointer, _as_day(part, value), day_range, isinstance(part, Birth))
        else:
            yield from _days_within(value, pointer)


def _days_within(value: object, place: str) -> Iterator[_Day]:
    if isinstance(value, BaseModel):
        yield from _days_of(value, place)
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _days_within(each, f"{place}/{index}")


def _as_day(part: BaseModel, value: date) -> date:
    if isinstance(value, datetime):
        return value.astimezone(JAPAN).date()
    return first_possible(value, part.dob_precision) if isinstance(part, Birth) else value


@cache
def _fields_with_days(model: type[BaseModel]) -> Mapping[str, DayRange | None]:
    """The fields of a model that hold a day, with its range, or parts that may have some."""
    ranges = _ranges_of(model)
    return {
        name: ranges.get(name)
        for name, field in model.model_fields.items()
        if name in ranges or any(map(_has_days, _models_in(field.annotation)))
    }


def _has_days(model: type[BaseModel]) -> bool:
    return bool(_fields_with_days(model))


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models in a type such as `tuple[Item, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


@cache
def _ranges_of(model: type[BaseModel]) -> Mapping[str, DayRange]:
    """The ranges of a model's days, by field."""
    found = {
        name: [*_ranges_in(field.annotation), *filter(_is_range, field.metadata)]
        for name, field in model.model_fields.items()
    }
    return {name: each[-1] for name, each in found.items() if each}


def _ranges_in(annotation: object) -> Iterator[DayRange]:
    """Those in a type such as `Day | None`."""
    for each in get_args(annotation):
        yield from filter(_is_range, getattr(each, "__metadata__", ()))


def _is_range(value: object) -> TypeIs[DayRange]:
    return isinstance(value, DayRange)
