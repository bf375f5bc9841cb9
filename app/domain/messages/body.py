"""The base of every message body: typed fields, each of one data class, and the facts they set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.domain.classes import Classified, DataClass
from app.domain.consents.consent import ConsentRecord
from app.domain.messages.facts import Fact
from app.domain.messages.settlement import Settlement
from app.domain.text import Text


class Part(BaseModel):
    """A part of a body. Like the body itself it takes no unknown field and never changes."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        str_min_length=1,
        str_strip_whitespace=False,
        allow_inf_nan=False,
    )


@dataclass(frozen=True, slots=True)
class LeastUrgency:
    """The urgency below which the service does not carry a type of message.

    With `field` it holds only if the day in that field of the body comes within `days`.
    """

    urgency: str
    field: str | None = None
    days: int | None = None

    def of(self, body: "Body", on: date) -> str:
        """The least urgency of a message that is sent on that day."""
        if self.field is None or self.days is None:
            return self.urgency
        day: date | None = getattr(body, self.field)
        is_soon = day is not None and day <= on + timedelta(self.days)
        return self.urgency if is_soon else "normal"


class Body(Part):
    """What a message says. A subclass is one message type: `<flow>.<event>`.

    It names its `type` as a Literal, marks every other field with one of C0 to C8, and gives a
    title and a complete example that the service accepts.
    """

    TITLE: ClassVar[Text]
    EXAMPLE: ClassVar[Mapping[str, Any]]
    SOURCE: ClassVar[str] = ""
    LEAST_URGENCY: ClassVar[LeastUrgency] = LeastUrgency("normal")

    type: str

    @classmethod
    def wire_type(cls) -> str:
        """The type on the wire, `<flow>.<event>`."""
        # The one argument of a Literal, which mypy sees as any annotation.
        name: str = cls.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr]
        return name

    @classmethod
    @cache
    def classes(cls) -> Mapping[str, DataClass]:
        """The data class of each field, by the field's name; `type` is C0."""
        return {name: _class_of(cls, name) for name in cls.model_fields}

    def facts(self) -> Mapping[str, Fact]:
        """The facts that the message sets, by names that `facts.FACTS` declares."""
        return {}

    def consent_record(self) -> ConsentRecord | None:
        """The consent that this message records, if it records one."""
        return None

    def consents_withdrawn(self) -> frozenset[UUID] | None:
        """The consents that this message withdraws; an empty set is all of them, None is none."""
        return None

    def items_withdrawn(self) -> frozenset[str]:
        """Classes and recipients that are withdrawn; an empty set withdraws consents as a whole."""
        return frozenset()

    def consents_confirmed(self) -> frozenset[UUID]:
        """Claims that this message confirms."""
        return frozenset()

    def consents_refused(self) -> frozenset[UUID]:
        """Claims that this message refuses."""
        return frozenset()

    def consents_restored(self) -> frozenset[UUID]:
        """Consents whose last withdrawal this message takes back: it was recorded in error."""
        return frozenset()

    def consents_named(self) -> frozenset[UUID]:
        """Consents on which the body says it rests, beside those of the envelope."""
        return frozenset()

    def least_urgency(self, on: date) -> str:
        """The least urgency of this message, if it is sent on that day."""
        return self.LEAST_URGENCY.of(self, on)

    def settlement(self) -> Settlement | None:
        """The cell in which a settlement counts, if the message reports one."""
        return None


def _class_of(body: type[Body], name: str) -> DataClass:
    if name == "type":
        return DataClass.C0
    marks = [m for m in body.model_fields[name].metadata if isinstance(m, Classified)]
    if len(marks) != 1:
        raise TypeError(f"{body.__name__}.{name} needs exactly one data class")
    return marks[0].data_class
