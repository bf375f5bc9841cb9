"""The JSON Schema of every message type, with its Japanese title, classes, source and example."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.api.wire.documented import both
from app.domain.cases.case import SYSTEM
from app.domain.classes import CLASS_TITLES
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body, LeastUrgency

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMPONENTS = "#/components/schemas/"

Schema = dict[str, Any]


@cache
def message_schema(message_type: str) -> Schema:
    """The schema of one message type, complete in itself (JSON Schema 2020-12)."""
    body = BODIES[message_type]
    flow, _, event = message_type.partition(".")
    return {
        "$schema": DIALECT,
        "$id": f"/v1/flows/{flow}/schemas/{event}",
        **_describe(body, body.model_json_schema()),
    }


@cache
def components() -> Mapping[str, Schema]:
    """The schemas of all message types by name, and of their parts."""
    refs, generated = models_json_schema(
        [(body, "validation") for body in BODIES.values()], ref_template=COMPONENTS + "{model}"
    )
    type_names = {
        refs[body, "validation"]["$ref"].removeprefix(COMPONENTS): name
        for name, body in BODIES.items()
    }
    parts = {type_names.get(name, name): part for name, part in generated["$defs"].items()}
    types = {name: _in_both(_describe(body, parts[name]), body) for name, body in BODIES.items()}
    schemas: dict[str, Schema] = _rename({**parts, **types}, type_names)
    return schemas


def _describe(body: type[Body], schema: Schema) -> Schema:
    """A type's schema with titles, senders, source and data classes."""
    annotated = {
        **deepcopy(schema),
        "title": body.TITLE.ja,
        "x-title-en": body.TITLE.en,
        "x-party": _senders(body.wire_type()),
        "examples": [body.EXAMPLE],
    }
    if body.LEAST_URGENCY.urgency != "normal":
        annotated["x-least-urgency"] = _least_urgency(body.LEAST_URGENCY)
    if body.SOURCE:
        annotated["x-source"] = body.SOURCE
    properties = annotated["properties"]
    for name, data_class in body.classes().items():
        properties[name]["x-data-class"] = data_class.value
        properties[name]["x-data-class-title"] = CLASS_TITLES[data_class].ja
    properties["type"]["title"] = "種別"
    return annotated


def _in_both(schema: Schema, body: type[Body]) -> Schema:
    """A type's schema with the words that we have in both languages, and a link to its page."""
    schema["title"] = both(*body.TITLE)
    for name, data_class in body.classes().items():
        schema["properties"][name]["x-data-class-title"] = both(*CLASS_TITLES[data_class])
    schema["properties"]["type"]["title"] = both("種別", "Type")
    schema["externalDocs"] = {
        "description": both("この通信文の説明", "What this message type is"),
        "url": page_of(body.wire_type()),
    }
    return schema


def page_of(message_type: str) -> str:
    """Where the service shows the page of a message type."""
    flow, _, event = message_type.partition(".")
    return f"/v1/flows/{flow}/messages/{event}"


def _least_urgency(rule: LeastUrgency) -> Schema:
    """The urgency to which the service raises a message, and when it does."""
    return {name: value for name, value in asdict(rule).items() if value is not None}


def _senders(message_type: str) -> list[str]:
    flow = FLOWS[message_type.partition(".")[0]]
    return sorted({by for s in flow.steps if s.type == message_type for by in s.by} - {SYSTEM})


def _rename(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with the references to message types under the names of the types."""
    if isinstance(value, dict):
        return {key: _reference(key, part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_rename(part, names) for part in value]
    return value


def _reference(key: str, value: Any, names: Mapping[str, str]) -> Any:
    if key != "$ref" or not isinstance(value, str):
        return _rename(value, names)
    name = value.removeprefix(COMPONENTS)
    return COMPONENTS + names.get(name, name)
