"""Says once, under `components`, what many operations say: problems, parameters, examples."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from app.api.wire.documented import COMPONENT
from app.api.wire.problems.answers import MEDIA_TYPE

Schema = dict[str, Any]


def share(document: Schema) -> None:
    """Move to `components` what stands in `document` more than once, and every problem."""
    components = document["components"]
    components |= {"responses": {}, "parameters": {}, "examples": {}}
    shared = _shared_parameters(document)
    for operation in operations(document):
        operation["responses"] = {
            status: _response(response, components)
            for status, response in operation["responses"].items()
        }
        if "parameters" in operation:
            operation["parameters"] = [
                _parameter(parameter, shared, components["parameters"])
                for parameter in operation["parameters"]
            ]


def operations(document: Schema) -> Iterator[Schema]:
    """Every operation that callers may use."""
    for methods in document["paths"].values():
        yield from methods.values()


def _response(response: Schema, components: Schema) -> Schema:
    """A response; a problem by reference. Its name is made of the codes that it may have."""
    problem = response.get("content", {}).get(MEDIA_TYPE)
    if problem is None:
        return response
    examples = problem["examples"]
    components["examples"] |= examples
    problem["examples"] = {code: _reference("examples", code) for code in examples}
    return _put(components["responses"], "responses", "Or".join(map(_camel, examples)), response)


def _parameter(parameter: Schema, shared: frozenset[str], components: Schema) -> Schema:
    is_shared = _key(parameter) in shared
    name = parameter["schema"].pop(COMPONENT, _camel(parameter["name"]))
    return _put(components, "parameters", name, parameter) if is_shared else parameter


def _shared_parameters(document: Schema) -> frozenset[str]:
    counts = Counter(
        _key(parameter)
        for operation in operations(document)
        for parameter in operation.get("parameters", ())
    )
    return frozenset(key for key, count in counts.items() if count > 1)


def _key(parameter: Schema) -> str:
    return json.dumps(parameter, sort_keys=True)


def _put(components: Schema, kind: str, name: str, value: Schema) -> Schema:
    """A reference to `value`, which stands under `name` from now on.

    Raises:
        ValueError: something else stands there.
    """
    if components.setdefault(name, value) != value:
        raise ValueError(f"two different {kind} would be named {name}")
    return _reference(kind, name)


def _reference(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))
