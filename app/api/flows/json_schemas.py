"""The JSON Schema of every message type, with its Japanese title, classes, source and example."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.api.wire.documented import both
from app.domain.cases.case import SYSTEM
from app.domain.classes import CLASS_TITLES
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMPONENTS = "#/components/schemas/"

Schema = dict[str, Any]


@cache
def standalone(message_type: str) -> Schema:
    """The schema of one message type, complete in itself (JSON Schema 2020-12)."""
    body = BODIES[message_type]
    flow, _, event = message_type.partition(".")
    return {
        "$schema": DIALECT,
        "$id": f"/v1/flows/{flow}/schemas/{event}",
        **_described(body, body.model_json_schema()),
    }


@cache
def components() -> Mapping[str, Schema]:
    """Every message type under its own name, and the parts that they are made of."""
    refs, found = models_json_schema(
        [(body, "validation") for body in BODIES.values()], ref_template=COMPONENTS + "{model}"
    )
    named = {
        refs[body, "validation"]["$ref"].removeprefix(COMPONENTS): name
        for name, body in BODIES.items()
    }
    parts = {named.get(name, name): part for name, part in found["$defs"].items()}
    types = {name: _in_both(_described(body, parts[name]), body) for name, body in BODIES.items()}
    renamed: dict[str, Schema] = _renamed({**parts, **types}, named)
    return renamed


def _described(body: type[Body], schema: Schema) -> Schema:
    """A type's schema with what people need to know of it."""
    described = {
        **deepcopy(schema),
        "title": body.TITLE.ja,
        "x-title-en": body.TITLE.en,
        "x-party": _senders(body.wire_type()),
        "examples": [body.EXAMPLE],
    }
    if body.SOURCE:
        described["x-source"] = body.SOURCE
    properties = described["properties"]
    for name, data_class in body.classes().items():
        properties[name]["x-data-class"] = data_class.value
        properties[name]["x-data-class-title"] = CLASS_TITLES[data_class].ja
    properties["type"]["title"] = "種別"
    return described


def _in_both(schema: Schema, body: type[Body]) -> Schema:
    """A type's schema with the words that we have in both languages."""
    schema["title"] = both(*body.TITLE)
    for name, data_class in body.classes().items():
        schema["properties"][name]["x-data-class-title"] = both(*CLASS_TITLES[data_class])
    schema["properties"]["type"]["title"] = both("種別", "Type")
    return schema


def _senders(message_type: str) -> list[str]:
    flow = FLOWS[message_type.partition(".")[0]]
    return sorted({by for s in flow.steps if s.type == message_type for by in s.by} - {SYSTEM})


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with every reference to a message type by that type's own name."""
    if isinstance(value, dict):
        return {key: _reference(key, part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return value


def _reference(key: str, value: Any, names: Mapping[str, str]) -> Any:
    if key != "$ref" or not isinstance(value, str):
        return _renamed(value, names)
    name = value.removeprefix(COMPONENTS)
    return COMPONENTS + names.get(name, name)
