"""A refusal of a value of a closed set lists what would be taken, in every message."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from app.api.wire.problems.answers import errors_at
from app.domain.flows import BODIES
from app.domain.messages.body import Body
from tests.support.service import Service

Path = tuple[str | int, ...]
WRONG = "no_such_value"


def closed_sets(
    schema: dict[str, Any], root: dict[str, Any], value: Any, path: Path = ()
) -> Iterator[tuple[Path, list[str]]]:
    """The places of an example, and of its top level, that take codes of a closed set."""
    schema = {**schema, **resolved(schema, root)}
    constant = [schema["const"]] if "const" in schema else None
    if codes := schema.get("enum", constant) or schema.get("x-taken-values"):
        yield path, codes
    alternatives = [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    if len(alternatives) == 1:  # a code or any other text is no closed set
        yield from closed_sets(alternatives[0], root, value, path)
    for name, member in schema.get("properties", {}).items():
        inner = value.get(name) if isinstance(value, dict) else None
        if inner is not None or not path:
            yield from closed_sets(member, root, inner, (*path, name))
    if "items" in schema:
        items = value or [None]
        yield from closed_sets(schema["items"], root, items[0], (*path, 0))


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    target: dict[str, Any] = root["$defs"][name] if name else {}
    return target


def with_value(example: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The example with another value at one place, whose lists have one item."""
    changed = deepcopy(example)
    at: Any = changed
    for name, following in zip(path, (*path[1:], None), strict=True):
        new: Any = value if following is None else ([None] if following == 0 else {})
        if following is not None and name != 0 and at.get(name):
            new = at[name][:1] if following == 0 else at[name]
        at[name] = new
        at = new
    return changed


@pytest.mark.parametrize("message_type", BODIES)
def test_a_value_of_no_closed_set_is_refused_with_those_that_it_has(message_type: str) -> None:
    body: type[Body] = BODIES[message_type]
    schema = body.model_json_schema()
    found = list(closed_sets(schema, schema, body.EXAMPLE))
    assert found
    for path, codes in found:
        if not all(isinstance(code, str) for code in codes):
            continue
        changed = with_value(dict(body.EXAMPLE), path, WRONG)
        with pytest.raises(ValidationError) as refused:
            body.model_validate(changed)
        errors = {e["pointer"]: e for e in errors_at(refused.value.errors(include_input=False))}
        place = "".join(f"/{part}" for part in path)
        assert errors[place]["takes"] == list(codes)
        assert not [p for p in errors if place.startswith(f"{p}/")], "a list that is long enough"


@pytest.mark.parametrize(
    ("changes", "place", "some"),
    [
        ({"purpose": "regional_coordination"}, "/body/purpose", "regional"),
        ({"item_classes": ["C9"]}, "/body/item_classes/0", "C7"),
        ({"method": "by_fax"}, "/body/method", "written"),
        ({"type": "special_adjustment.record"}, "/body/type", "special_adjustment.decline"),
    ],
)
async def test_the_answer_lists_them_too(
    service: Service, changes: dict[str, Any], place: str, some: str
) -> None:
    example = BODIES["special_adjustment.record_consent"].EXAMPLE
    message = {
        "id": str(uuid4()), "occurred_on": "2026-11-20", "body": {**example, **changes},
    }  # fmt: skip
    async with service.client(await service.token("probation-13")) as client:
        answer = await client.post(f"/v1/referrals/{uuid4()}/messages", json=message)
    errors = answer.json()["errors"]
    assert [e["pointer"] for e in errors] == [place]
    assert some in errors[0]["takes"]
    assert WRONG not in answer.text
