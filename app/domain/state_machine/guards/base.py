"""Helpers to make guards."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from app.domain.messages.body import Body
from app.domain.state_machine.guard import (
    First,
    Guard,
    Objection,
    Possible,
    Situation,
    Taking,
    takes_anything,
)
from app.domain.text import Text

B = TypeVar("B", bound=Body)


def body_as(situation: Situation, kind: type[B]) -> B:
    """The message's body, typed as the kind that a guard needs.

    Raises:
        TypeError: the guard stands in a row of another kind of message.
    """
    body = situation.message.body
    if not isinstance(body, kind):
        raise TypeError(f"{type(body).__name__} is not {kind.__name__}")
    return body


def guard(
    name: str,
    title: Text,
    reason: Text,
    *,
    needs: tuple[str, ...],
    of_the_moment: bool = False,
    takes: Taking = takes_anything,
    first: tuple[First, ...] = (),
    possible: Possible | None = None,
    unknown: str = "",
) -> Callable[[Callable[[Situation], list[str]]], Guard]:
    """Make a guard of a predicate that answers what is missing, or nothing.

    Args:
        needs: all that the predicate may answer, as `Guard.needs` has it.
        takes: the values to which it narrows fields, by the state of the referral.
        first: what the example of a message needs before it for this guard.
        possible: if it looks at the situation alone: whether it would let a message pass.
        unknown: if it does, and parties cannot know what it looks at: why.
    """

    def make_guard(missing: Callable[[Situation], list[str]]) -> Guard:
        def check(situation: Situation) -> Objection | None:
            lacking = missing(situation)
            if not set(lacking) <= set(needs):
                raise TypeError(f"{name} does not declare {sorted(set(lacking) - set(needs))}")
            if not lacking:
                return None
            taken = [
                each.as_values()
                for each in takes(situation.referral.state)
                if each.pointer in lacking
            ]
            flow = situation.referral.flow
            written = (need if need[0] == "/" else f"{flow}.{need}" for need in lacking)
            return Objection(reason, tuple(written), {"takes": taken} if taken else {})

        return Guard(
            name,
            title,
            check,
            of_the_moment,
            needs=needs,
            takes=takes,
            first=first,
            possible=possible,
            unknown=unknown,
        )

    return make_guard


def has_come(field: str) -> Guard:
    """A guard that the day in this field has come: only past events can be reported."""
    pointer = f"/body/{field}"

    def check(situation: Situation) -> Objection | None:
        day = getattr(situation.message.body, field, None)
        late = isinstance(day, date) and day > situation.today
        return Objection(NOT_YET, (pointer,)) if late else None

    title = Text("その日が到来していること", "the day has come")
    return Guard(_has_come_name(field), title, check, needs=(pointer,))


def checks_that_it_has_come(guards: Iterable[Guard], field: str) -> bool:
    """Whether one of these guards is `has_come` of this field."""
    return any(guard.name == _has_come_name(field) for guard in guards)


def _has_come_name(field: str) -> str:
    return f"{field}_has_come"


NOT_YET = Text(
    "まだ到来していない日が、済んだこととして記載されています。",
    "a day that has not come is reported as past",
)
