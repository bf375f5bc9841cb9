"""Codes: their form, and that nothing which a person typed is kept in the place of one."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.flows import BODIES
from app.domain.messages.body import Body
from app.domain.vocabulary.code import Code
from app.domain.vocabulary.consent import ConsentPurpose

PATTERN = r"^[a-z0-9_]{1,40}$"
WORDS, TYPED = "ひみつのことば", "himitsu_no_kotoba"


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of the strings in a value of JSON."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, name))


def with_text(kind: type[Body], text: str) -> Iterator[Body]:
    """A type's example with `text` in each of the places in turn that take it."""
    example = kind.model_validate(kind.EXAMPLE).model_dump(mode="json", exclude_none=True)
    for place in leaves(example):
        changed = deepcopy(example)
        inner = changed
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = text
        try:
            yield kind.model_validate(changed)
        except ValidationError:
            continue


@pytest.mark.parametrize("name", sorted(BODIES))
def test_no_words_that_somebody_typed_become_a_fact_or_a_record(name: str) -> None:
    for body in with_text(BODIES[name], WORDS):
        assert WORDS not in str(body.facts())
        assert WORDS not in f"{body.consent_record()}{body.settlement()}{body.items_withdrawn()}"


@pytest.mark.parametrize("name", sorted(BODIES))
def test_no_code_that_is_not_known_is_counted_or_is_a_purpose(name: str) -> None:
    for body in with_text(BODIES[name], TYPED):
        assert TYPED not in str(body.settlement())
        record = body.consent_record()
        assert record is None or record.purpose != TYPED


def test_what_is_settled_in_a_home_of_an_unknown_kind_counts_as_another() -> None:
    kind = BODIES["special_adjustment.settle"]
    settlement = kind.model_validate({**kind.EXAMPLE, "residence_kind": "moon_base"}).settlement()
    assert settlement is not None
    assert settlement.residence_kind == "other"


def test_a_consent_for_an_unknown_purpose_is_refused() -> None:
    kind = BODIES["special_adjustment.record_consent"]
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({**kind.EXAMPLE, "purpose": "anything"})
    assert [(e["loc"], e["type"]) for e in refused.value.errors()] == [
        (("purpose",), "unknown_purpose")
    ]
    (error,) = refused.value.errors()
    assert error["ctx"]["takes"] == list(ConsentPurpose.titles())
    assert (
        kind.model_json_schema()["properties"]["purpose"]["x-taken-values"]
        == (error["ctx"]["takes"])
    )


def patterned(value: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that lists known values of an open set."""
    if isinstance(value, dict):
        if "x-known-values" in value:
            yield value
        for part in value.values():
            yield from patterned(part)
    elif isinstance(value, list):
        for part in value:
            yield from patterned(part)


@pytest.mark.parametrize("name", sorted(BODIES))
def test_an_open_code_has_one_form_and_a_title_for_each_known_value(name: str) -> None:
    for part in patterned(BODIES[name].model_json_schema()):
        assert part["pattern"] == PATTERN
        assert all(part["x-known-values"].values())


@pytest.mark.parametrize("code", ["", "Yamada", "yamada taro", "山田", "a-b", "a" * 41, "a\n"])
def test_what_is_no_code_is_refused(code: str) -> None:
    kind = BODIES["special_adjustment.settle"]
    with pytest.raises(ValidationError):
        kind.model_validate({**kind.EXAMPLE, "residence_kind": code})


def test_every_known_code_is_at_most_forty_characters() -> None:
    def sets(kind: type[Code]) -> Iterator[type[Code]]:
        for each in kind.__subclasses__():
            yield each
            yield from sets(each)

    assert max(len(code.value) for each in sets(Code) for code in each) <= 40
