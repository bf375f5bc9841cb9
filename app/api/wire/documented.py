"""What a route says of itself for the published contract, in both languages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from fastapi.routing import RouteContext
from pydantic import BaseModel
from starlette.routing import BaseRoute

from app.api.wire.language import Language
from app.domain.text import Text

Schema = dict[str, Any]

REFERENCE = "x-ref"
"""Stands for `$ref` until the contract is assembled: Pydantic refuses one that it cannot follow."""

COMPONENT = "x-component"
"""In the schema of a parameter: its name under `components`, where its own would name another."""

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_WORDS = frozenset({"title", "summary", "description", "x-data-class-title"})
_VALUES = frozenset({"example", "examples", "value", "const", "default", "enum"})
_NAMED = frozenset({"properties", "examples"})
"""What is right below them are names of fields and of examples, which may be any."""


class Documentation(dict[str, Any]):
    """FastAPI's `openapi_extra` of a route, and with it what the assembly of the contract adds.

    FastAPI puts the items into the operation as they are; it neither reads nor copies the rest.
    """

    english: str
    """What the operation does. Its docstring says the same in Japanese."""
    takes: type[BaseModel] | None
    """The shape of the JSON that is sent."""
    may_be_empty: bool
    """Whether no body counts as an empty object."""
    examples: Mapping[str, Any]
    """Of what is sent, by name, as OpenAPI has them."""
    may_answer: Sequence[str]
    """The codes of the problems that only this operation's own rules bring about."""
    answers_problems: bool
    """False where refusals follow RFC 6749 instead."""
    parameters: Mapping[str, Text]
    """What parameters mean whose declaration does not say it."""
    shows: Mapping[int, Schema]
    """Examples of answers, by status, with the nulls that FastAPI would leave out."""
    models: Sequence[type[BaseModel]]
    """Answers that `responses` names only by reference."""
    components: Mapping[str, Schema]
    """Schemas that no model has."""
    conditional: bool
    """Whether its answer has an entity tag, and `If-None-Match` is answered with 304."""
    headers: Sequence[str]
    """Headers of its answer that are its own (see `api/contract/headers.py`)."""
    records: bool
    """Whether a GET is itself recorded, as an opening or an export. HEAD is then refused: it is
    safe (RFC 9110 §9.2.1), and sent by what only looks, such as a checker of links."""


def documented(
    operation_id: str,
    summary: Text,
    english: str,
    answer: Text | None = None,
    *,
    takes: type[BaseModel] | None = None,
    may_be_empty: bool = False,
    example: Mapping[str, Any] | None = None,
    examples: Mapping[str, Any] | None = None,
    may_answer: Sequence[str] = (),
    answers_problems: bool = True,
    parameters: Mapping[str, Text] | None = None,
    shows: Mapping[int, Schema] | None = None,
    models: Sequence[type[BaseModel]] = (),
    components: Mapping[str, Schema] | None = None,
    conditional: bool = False,
    headers: Sequence[str] = (),
    records: bool = False,
    public: bool = False,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A route's part of the published contract, as arguments of FastAPI's route decorators.

    Problems that follow from the route's form need not be named in `may_answer`: those of a token,
    of a scope, of JSON, of a query and of a path, and those that any call may meet.

    Args:
        operation_id: the name by which clients know the operation.
        summary: what it does, in a few words.
        english: what it does, in full. The function's docstring says it in Japanese.
        answer: what the answer of a call is that went well.
        takes: the shape of the JSON that it takes.
        may_be_empty: whether no body counts as an empty object.
        example: one example of that JSON.
        examples: several, by name; each made by `example_named`.
        may_answer: the codes of other problems that it may answer with.
        answers_problems: false where refusals follow RFC 6749.
        parameters: what parameters mean whose declaration does not say it, by name.
        shows: examples of its answers in JSON, by status: OpenAPI's `example` or `examples`.
        models: answers that `responses` names only by reference.
        components: schemas that no model has, by name.
        conditional: whether its answer has an entity tag, and `If-None-Match` is looked at.
        headers: headers of its answer that are its own.
        records: whether a GET is itself recorded, as an opening or an export.
        public: whether it needs no token.
        extra: anything else that stands in the operation as it is.
    """
    notes = Documentation({"security": []} if public else {})
    notes.update(extra or {})
    notes.english = cleandoc(english)
    notes.takes = takes
    notes.may_be_empty = may_be_empty
    notes.examples = examples or {}
    if example is not None:
        notes.examples = {"example": example_named(Text("例", "Example"), example)}
    notes.may_answer = may_answer
    notes.answers_problems = answers_problems
    notes.parameters = parameters or {}
    notes.shows = shows or {}
    notes.models = models
    notes.components = components or {}
    notes.conditional = conditional
    notes.headers = headers
    notes.records = records
    arguments: dict[str, Any] = {
        "operation_id": operation_id,
        "summary": both(*summary),
        "openapi_extra": notes,
    }
    return arguments if answer is None else {**arguments, "response_description": both(*answer)}


def methods_of(route: RouteContext | BaseRoute) -> frozenset[str]:
    """The methods that a route answers: HEAD too, where it answers GET and a call is not recorded.

    The path of several routes answers the methods of each.
    """
    methods = frozenset(getattr(route, "methods", None) or ())
    notes = getattr(route, "openapi_extra", None)
    if "GET" not in methods:
        return methods
    is_recorded = isinstance(notes, Documentation) and notes.records
    return methods - {"HEAD"} if is_recorded else methods | {"HEAD"}


def example_named(summary: Text, value: Any) -> Schema:
    """An example under OpenAPI's `examples`."""
    return {"summary": both(*summary), "value": value}


def reference(component: str) -> Schema:
    """A reference to a schema of the contract, for use inside of a Pydantic model."""
    return {REFERENCE: component}


def one_of(types: Iterable[str], title: Text) -> Schema:
    """One of several schemas, which their property `type` tells apart."""
    names = list(types)
    return {
        "title": both(*title),
        "oneOf": [reference(name) for name in names],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: f"#/components/schemas/{name}" for name in names},
        },
    }


def both(ja: str, en: str) -> str:
    """Words in both languages, until the contract is assembled for one: paragraphs of one each."""
    return f"{ja.strip()}\n\n{en.strip()}"


def in_language(document: Any, language: Language) -> Any:
    """A part of the contract with its words in one language; examples and values as they are.

    A paragraph is Japanese if it has Japanese characters. Words that have no paragraph in
    `language` stay as they are.
    """
    if isinstance(document, dict):
        return {name: _part(name, value, language) for name, value in document.items()}
    if isinstance(document, list):
        return [in_language(part, language) for part in document]
    return document


def _part(name: str, value: Any, language: Language) -> Any:
    if isinstance(value, str):
        return _words(value, language) if name in _WORDS else value
    if name == "scopes" and isinstance(value, dict):
        return {scope: _words(title, language) for scope, title in value.items()}
    if name in _NAMED and isinstance(value, dict):
        return {each: in_language(part, language) for each, part in value.items()}
    return value if name in _VALUES else in_language(value, language)


def _words(text: str, language: Language) -> str:
    wanted = [part for part in text.split("\n\n") if is_japanese(part) is (language == "ja")]
    return "\n\n".join(wanted) or text


def is_japanese(text: str) -> bool:
    """Whether there is a Japanese character in it."""
    return _JAPANESE.search(text) is not None
