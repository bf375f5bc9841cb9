"""Requests and answers between agencies: asking back, answering, giving back, noting."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from app.domain.classes import C0, C2, C7
from app.domain.messages.body import Body
from app.domain.messages.facts import Fact
from app.domain.messages.fields import AtLeastOne, Day, Words
from app.domain.messages.payloads.eligibility import About
from app.domain.messages.requirements import Requirements
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.dialogue import QueryField, ReturnReason

FieldName = Annotated[OpenCode, Known(QueryField)]


class Asked(Body):
    """What is missing (照会): the fields, by name."""

    fields: Annotated[tuple[FieldName, ...], C0, AtLeastOne, Field(title="照会する項目")]
    question: Annotated[Words | None, C7, Field(title="照会の内容")] = None
    response_due: Annotated[Day | None, C0, Field(title="回答期限")] = None

    def facts(self) -> Mapping[str, Fact]:
        """By when an answer is wanted."""
        return {"query_due": self.response_due.isoformat()} if self.response_due else {}


class Answered(About):
    """What was asked for (回答): only the fields that are answered stand in it."""

    fields: Annotated[tuple[FieldName, ...], C0, AtLeastOne, Field(title="回答した項目")]
    requirements: Annotated[Requirements | None, C2, Field(title="六要件")] = None
    note: Annotated[Words | None, C7, Field(title="補足")] = None

    def facts(self) -> Mapping[str, Fact]:
        """The day of release, if it was asked for; the answer is no longer awaited."""
        return {"query_due": None, **self.release_facts()}


class Reasoned(Body):
    """A step back, with its reason."""

    reason: Annotated[Annotated[OpenCode, Known(ReturnReason)], C0, Field(title="理由")]
    note: Annotated[Words | None, C7, Field(title="補足")] = None


class Noted(Body):
    """A step that needs no more than a note, if that."""

    note: Annotated[Words | None, C7, Field(title="補足")] = None
