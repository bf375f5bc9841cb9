"""Every day of every message can be: it has come where it says so, and is not far off."""

import typing
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from app.domain.calendar.clock import JAPAN
from app.domain.errors import GuardFailed, Invalid
from app.domain.flows import BODIES
from app.domain.messages.body import Body
from app.domain.messages.days import impossible_days
from app.domain.messages.fields import EARLIEST, LATEST
from app.domain.messages.payloads import samples
from app.domain.messages.person import Person
from tests.support.cases import ASSESSING, NOW, REQUESTED, special

TODAY = NOW.date()
TOMORROW = TODAY + timedelta(1)
BIRTH = "date_of_birth"
PLANNED = {
    "available_from", "date", "deadline", "due_on", "effective_on", "ended_on", "extended_to",
    "first_action_on", "first_visit_on", "latest", "next_hearing_on", "next_on",
    "parole_eligible_from", "release_on", "relief_from", "relief_until", "response_due",
    "sentence_end_date", "transferred_on", "valid_from", "valid_until",
}  # fmt: skip
"""The names of days that may be to come; all others have come. Agreed by hand, as the types are."""

Path = tuple[str, ...]


def days_in(model: type[BaseModel], above: Path = ()) -> Iterator[tuple[Path, type]]:
    """Where a model has days and instants, at any depth."""
    for name, field in model.model_fields.items():
        for kind in plain_types(field.annotation):
            if issubclass(kind, BaseModel):
                yield from days_in(kind, (*above, name))
            elif issubclass(kind, date):
                yield (*above, name), kind


def plain_types(annotation: Any) -> Iterator[type]:
    """The classes of which a type is made."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        yield from plain_types(part)


DAYS = [(body, path, kind) for body in BODIES.values() for path, kind in days_in(body)]
IDS = [f"{body.wire_type()}/{'/'.join(path)}" for body, path, _ in DAYS]


def with_day(model: type[BaseModel], path: Path, value: date) -> Any:
    """A model with nothing but this day in it."""
    name, *below = path
    nothing: dict[str, Any] = dict.fromkeys(model.model_fields)
    if not below:
        return model.model_construct(**{**nothing, name: value})
    annotation = model.model_fields[name].annotation
    (kind,) = (t for t in plain_types(annotation) if issubclass(t, BaseModel))
    part = with_day(kind, tuple(below), value)
    is_list = "tuple" in str(annotation)
    return model.model_construct(**{**nothing, name: (part,) if is_list else part})


def reasons(body: type[Body], path: Path, kind: type, day: date) -> list[str]:
    """Why a body with this day cannot be; the place is that of the day."""
    value = datetime.combine(day, time(12), JAPAN) if kind is datetime else day
    found = list(impossible_days(with_day(body, path, value), TODAY))
    assert all(pointer.replace("/0", "") == "/body/" + "/".join(path) for pointer, _ in found)
    return [reason for _, reason in found]


def test_all_messages_are_looked_at() -> None:
    assert len(DAYS) > 200
    assert {path[-1] for _, path, _ in DAYS} >= PLANNED


@pytest.mark.parametrize(("body", "path", "kind"), DAYS, ids=IDS)
def test_a_day_that_is_centuries_off_is_refused_wherever_it_stands(
    body: type[Body], path: Path, kind: type
) -> None:
    assert reasons(body, path, kind, EARLIEST) == ["too_long_ago"]
    far = "too_far_ahead" if path[-1] in PLANNED else "not_yet"
    assert reasons(body, path, kind, LATEST) == [far]


@pytest.mark.parametrize(("body", "path", "kind"), DAYS, ids=IDS)
def test_a_day_that_is_said_to_have_come_is_not_tomorrow(
    body: type[Body], path: Path, kind: type
) -> None:
    assert reasons(body, path, kind, TOMORROW) == ([] if path[-1] in PLANNED else ["not_yet"])
    assert reasons(body, path, kind, TODAY) == (["too_young"] if path[-1] == BIRTH else [])


def test_nobody_is_referred_before_the_age_of_14() -> None:
    person = Person.model_validate({**samples.SUBJECT, BIRTH: TODAY.replace(year=TODAY.year - 14)})
    assert not list(impossible_days(body_of("suspect_support.consent", subject=person), TODAY))
    younger = person.model_copy(update={BIRTH: TOMORROW.replace(year=TODAY.year - 14)})
    body = body_of("suspect_support.consent", subject=younger)
    assert ("/body/subject/date_of_birth", "too_young") in list(impossible_days(body, TODAY))


def test_nothing_lies_before_the_birth_that_the_same_message_states() -> None:
    body = body_of("special_adjustment.request_cooperation")
    intellectual = body.disability.intellectual.model_copy(update={"since": date(1950, 1, 1)})
    early = body.model_copy(
        update={"disability": body.disability.model_copy(update={"intellectual": intellectual})}
    )
    place = "/body/disability/intellectual/since"
    assert list(impossible_days(early, TODAY)) == [(place, "before_birth")]


def body_of(message_type: str, **changes: Any) -> Any:
    body = BODIES[message_type]
    return body.model_validate(body.EXAMPLE).model_copy(update=changes)


@pytest.mark.parametrize("day", ["1868-01-01", "2200-12-31", TOMORROW.isoformat()])
def test_a_decision_refuses_an_impossible_day_with_its_place(day: str) -> None:
    play = special(f"{REQUESTED}center query\nprobation answer_query")
    with pytest.raises(Invalid) as refused:
        play.send("center accept", accepted_on=day)
    (error,) = refused.value.facts["errors"]
    assert error["pointer"] == "/body/accepted_on"


def test_where_a_guard_asks_whether_the_day_has_come_the_guard_answers() -> None:
    play = special(ASSESSING)
    with pytest.raises(GuardFailed) as refused:
        play.send("center interview", held_on=TOMORROW.isoformat(), next_on=None)
    (failed,) = refused.value.facts["guards"]
    assert (failed["name"], failed["needs"]) == ("held_on_has_come", ["/body/held_on"])
    with pytest.raises(Invalid):
        play.send("center interview", held_on="1868-01-01", next_on=None)
