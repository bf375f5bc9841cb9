"""What is taken for JSON, and what is not."""

import json
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.api.wire.json_body import DEEPEST, LARGEST, parse
from app.domain.characters import compose
from app.domain.errors import Invalid, Malformed


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\x00"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 01}',
        b'{"a": 1} x',
        b'{"a":' * 1_900,
        b"[" * 1_900,
        '{"が": 1, "か\u3099": 2}'.encode(),
    ],
)
def test_what_is_no_json_object_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "pointer", "reason"),
    [
        (b'{"a": ["\\u0000"]}', "/a/0", "nul"),
        (b'{"a\\u0000": 1}', "/?", "nul"),
        (b'{"a": "x\\ud800y"}', "/a", "lone_surrogate"),
        (b'{"\\udc00": 1}', "/?", "lone_surrogate"),
        (b'{"a": {"b": 9007199254740992}}', "/a/b", "number_out_of_range"),
        (b'{"a": -9007199254740992}', "/a", "number_out_of_range"),
        (b'{"a": 1e400}', "/a", "number_out_of_range"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "/a", "number_out_of_range"),
        (b'{"Yamada Taro": 1e99}', "/?", "number_out_of_range"),
        (b'{"a": 0.' + b"0" * 5_000 + b"1}", "/a", "number_out_of_range"),
        (b'{"a":' * 50_000, "", "too_many_values"),
        (b"[" * 200_000, "", "too_many_values"),
        (b'{"a": [' + b"0," * 10_000 + b"0]}", "", "too_many_values"),
        (json.dumps({f"n{i}": i for i in range(10_000)}).encode(), "", "too_many_values"),
        ('{"a": ["山\ue000田"]}'.encode(), "/a/0", "private_use"),
        (b'{"a": "\\uD83C\\uDFF4\\uDB40\\uDC67"}', "/a", "tag_character"),
        (b'{"a": {"b": "??"}}', "/a/b", "placeholder_only"),
        (b'{"a": {"b": "\\n"}}', "/a/b", "invisible_only"),
        (json.dumps({"a": "e" + "\u0301" * 31}).encode(), "/a", "too_many_marks"),
        (b'{"a": ' + b"[" * 150 + b"]" * 150 + b"}", "/a" + "/0" * (DEEPEST - 1), "too_deep"),
    ],
)
def test_what_not_all_read_alike_is_refused_by_its_place(
    raw: bytes, pointer: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse(raw)
    assert refused.value.facts["errors"] == [{"pointer": pointer, "reason": reason}]


def test_commas_and_brackets_in_text_are_no_values() -> None:
    value = {"a": "[{," * 3_900 + '\\"', "b": '",' * 5_900}
    assert parse(json.dumps(value).encode()).tree == value


def test_the_largest_numbers_are_taken() -> None:
    raw = json.dumps({"a": LARGEST, "b": -LARGEST, "c": 1.5}).encode()
    assert parse(raw).tree == json.loads(raw)


def test_kana_come_in_one_form_however_they_were_escaped() -> None:
    decomposed = normalize("NFD", "ガギ、が")
    for escaped in (True, False):
        raw = json.dumps({"a": [decomposed], decomposed: 1}, ensure_ascii=escaped).encode()
        assert parse(raw).tree == {"a": ["ガギ、が"], "ガギ、が": 1}


def test_a_kanji_in_the_form_of_a_register_stays_as_it_is() -> None:
    for escaped in (True, False):
        value = {"a": ["\ufa43", "葛\U000e0100", "カ\u3099\ufa43"]}
        tree = parse(json.dumps(value, ensure_ascii=escaped).encode()).tree
        assert tree == {"a": ["\ufa43", "葛\U000e0100", "ガ\ufa43"]}


def test_a_letter_after_an_escape_does_not_change_with_the_mark_that_follows() -> None:
    assert parse('{"a": "\\n\u0303"}'.encode()).tree == {"a": "\n\u0303"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_whatever_is_taken_says_the_same_in_composed_letters(
    value: dict[str, Any], escaped: bool
) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    try:
        tree = parse(text.encode(errors="surrogatepass")).tree
    except (Invalid, Malformed):
        return
    assert tree == json.loads(compose(json.dumps(value, ensure_ascii=False)))


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(raw: bytes) -> None:
    try:
        parse(raw)
    except (Invalid, Malformed):
        return


@pytest.mark.parametrize("text", ["1.0", "10e-1", "1E0", "1.000"])
def test_a_whole_number_is_one_however_it_is_written(text: str) -> None:
    class Ranked(BaseModel):
        ranks: list[int]

    body = parse(b'{"ranks": [%s, 2]}' % text.encode())
    assert body.tree == {"ranks": [1, 2]}
    assert body.model(Ranked).ranks == [1, 2]
    with pytest.raises(Invalid):
        parse(b'{"ranks": [1.5]}').model(Ranked)
    with pytest.raises(Invalid):
        parse(b'{"ranks": [true]}').model(Ranked)
