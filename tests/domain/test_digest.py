"""Canonical JSON is what RFC 8785 says, by whichever way it was written."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.domain.digest import canonical

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
