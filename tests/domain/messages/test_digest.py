"""Canonical JSON is what RFC 8785 says, by whichever way it was written."""

import json
from typing import Annotated, Any, Literal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from app.domain.classes import C0, C1
from app.domain.flows import BODIES
from app.domain.messages.body import Body, Part
from app.domain.messages.digest import canonical, segments

LARGEST = 2**53 - 1
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec="ascii")), inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
)


@given(VALUES)
def test_the_form_is_the_reference_implementations(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


def test_names_are_sorted_by_utf16_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_control_characters_are_written_as_the_rfc_says() -> None:
    every = "".join(map(chr, range(0x20))) + '"\\\x7f'
    assert canonical(every) == rfc8785.dumps(every)
    assert json.loads(canonical(every)) == every


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1, float("nan"), "\ud800", {1: 2}])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical(value)
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical({"in": [value]})


def reference(body: Body) -> dict[str, bytes]:
    """The segments of a body as the reference implementation writes them."""
    cut: dict[str, dict[str, Any]] = {}
    for name, value in body.model_dump(mode="json", exclude_none=True).items():
        cut.setdefault(body.classes()[name], {})[name] = value
    return {data_class: rfc8785.dumps(fields) for data_class, fields in cut.items()}


@pytest.mark.parametrize("name", BODIES)
def test_the_segments_of_every_type_are_in_the_reference_form(name: str) -> None:
    body = BODIES[name].model_validate(dict(BODIES[name].EXAMPLE))
    assert segments(body) == reference(body)


class Inside(Part):
    """A part of a body that counts without bound."""

    count: int


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (float, 0.1),
        (float, 1e21),
        (dict[str, int], {"\ufb33": 1, "\U0001f600": 2}),
        (list[Inside], [{"count": 3}]),
        (Any, {"a": [0.5]}),
        (str, "ツナグ"),
    ],
)
def test_a_type_that_may_hold_more_than_plain_values_is_looked_at_in_full(
    annotation: Any, value: object
) -> None:
    fields: dict[str, Any] = {"type": (Annotated[Literal["x.told"], C0], ...)}
    kind = create_model("Told", __base__=Body, **fields, said=(Annotated[annotation, C1], ...))
    body = kind.model_validate({"type": "x.told", "said": value})
    assert segments(body) == reference(body)


def test_what_has_no_form_is_refused_in_a_body_too() -> None:
    fields: dict[str, Any] = {"type": (Annotated[Literal["x.told"], C0], ...)}
    kind = create_model("Told", __base__=Body, **fields, said=(Annotated[int, C1], ...))
    with pytest.raises(rfc8785.CanonicalizationError):
        segments(kind.model_validate({"type": "x.told", "said": LARGEST + 1}))
