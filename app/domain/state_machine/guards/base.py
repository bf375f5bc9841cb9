"""Helpers to make guards."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from app.domain.messages.body import Body
from app.domain.state_machine.guard import Guard, Objection, Situation
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
    name: str, title: Text, reason: Text, *, of_the_moment: bool = False
) -> Callable[[Callable[[Situation], object]], Guard]:
    """Make a guard of a predicate that answers what is missing, or nothing."""

    def make_guard(missing: Callable[[Situation], object]) -> Guard:
        def check(situation: Situation) -> Objection | None:
            needs = missing(situation)
            if not needs:
                return None
            return Objection(reason, tuple(needs) if isinstance(needs, list) else ())

        return Guard(name, title, check, of_the_moment)

    return make_guard


def has_come(field: str) -> Guard:
    """A guard that the day in this field has come: only past events can be reported."""

    def check(situation: Situation) -> Objection | None:
        day = getattr(situation.message.body, field, None)
        late = isinstance(day, date) and day > situation.today
        return Objection(NOT_YET, (field,)) if late else None

    return Guard(f"{field}_has_come", Text("その日が到来していること", "the day has come"), check)


NOT_YET = Text(
    "まだ到来していない日が、済んだこととして記載されています。",
    "a day that has not come is reported as past",
)
