"""What a text may hold, and which letters are composed."""

from time import thread_time
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.characters import (
    MOST_MARKS,
    UNWANTED,
    comparable,
    compose,
    is_plain_json,
    reason_to_refuse,
)
from tests.support.characters import JIS_X_0213


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("山田\0", "nul"),
        ("\ud842", "lone_surrogate"),
        ("\udfb7田", "lone_surrogate"),
        ("\ufffd\ufffd\ufffd", "replacement_character"),
        ("山\x07田", "control_character"),
        ("山\x7f田", "control_character"),
        ("\x8eR\x93c", "control_character"),  # Windows-31J read as ISO 8859-1
        ("山\x85田", "control_character"),
        ("山\ufff9田", "control_character"),
        ("\ufeff山田", "byte_order_mark"),
        ("山\ufdd0田", "noncharacter"),
        ("山\uffff田", "noncharacter"),
        ("山\U0010ffff田", "noncharacter"),
        ("山\U0001fffe田", "noncharacter"),
        ("\ue000田", "private_use"),
        ("\uf8ff田", "private_use"),
        ("\U000f0000田", "private_use"),
        ("山\u202e田", "direction_control"),
        ("山\u2067田", "direction_control"),
        ("山\U000e0061田", "tag_character"),
        ("a" + "\u0301" * 31, "too_many_marks"),
        ("ね" + "\u3099" * 31, "too_many_marks"),
        ("x" + "\u0f73" * 31, "too_many_marks"),
        ("x" + "\U0001e000" * 31, "too_many_marks"),
        (" ", "invisible_only"),
        ("\u3000\n\t", "invisible_only"),
        ("\u200b\u200d", "invisible_only"),
        ("\u3164", "invisible_only"),
        ("\u2800", "invisible_only"),
        ("\u00ad\ufe0f", "invisible_only"),
        ("??", "placeholder_only"),
        ("\uff1f\u3000\uff1f", "placeholder_only"),
        ("〓", "placeholder_only"),
    ],
)
def test_what_is_no_good_text_is_refused_for_its_reason(text: str, reason: str) -> None:
    assert reason_to_refuse(text) == reason
    assert reason in UNWANTED
    assert not is_plain_json(f'{{"a": "{text}"}}')


@pytest.mark.parametrize(
    "text",
    ["", "一行\n二行\r\n\t三行", "何日ですか?", "葛\U000e0100城", "\U0002000b", "\ufa43",
     "辻\ufe00", "a\u0301" * 99, "x" + "\u0301" * MOST_MARKS, "か\u309a", "\U0001f600",
     "محمد \u200f", "नमस्ते"],
)  # fmt: skip
def test_other_text_is_taken(text: str) -> None:
    assert reason_to_refuse(text) is None


def test_every_character_of_jis_x_0213_is_taken_and_stays() -> None:
    for text in JIS_X_0213:
        assert compose(text) == text
        assert reason_to_refuse(f"山{text}") is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("カ\u3099キ\u3099", "ガギ"),
        ("は\u309a", "ぱ"),
        ("ワ\u3099", "ヷ"),
        ("セ\u309a", "セ\u309a"),
        ("Jose\u0301", "José"),
        ("Nguye\u0302\u0303n", "Nguy\u1ec5n"),
        ("q\u0307\u0323", "q\u0307\u0323"),
        ("k\u0338\u0301", "k\u0338\u0301"),
        ("\ufa43", "\ufa43"),
        ("\u212b", "\u212b"),
        ("\u1f71", "\u1f71"),
        ("\u0958", "\u0958"),
        ("\U0002f800", "\U0002f800"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("שׁ\u05b8\u05c1", "שׁ\u05b8\u05c1"),
    ],
)
def test_only_kana_and_latin_letters_are_composed(sent: str, kept: str) -> None:
    assert compose(sent) == kept


@given(st.text())
def test_texts_are_the_same_when_compared_however_they_are_composed(text: str) -> None:
    assert comparable(compose(text)) == normalize("NFC", text)
    assert compose(compose(text)) == compose(text)


@given(st.text(st.characters() | st.sampled_from("\0\t\n \u3000?〓\ue000\ufeff\u0301\u309a\u200b")))
def test_what_is_plain_as_a_whole_has_no_string_to_refuse_or_compose(text: str) -> None:
    if '"' not in text and "\\" not in text and is_plain_json(f'{{"a": "{text}"}}'):
        assert reason_to_refuse(text) is None
        assert compose(text) == text


def test_every_mark_that_normalising_moves_counts_as_one() -> None:
    marks = [chr(c) for c in range(0x110000) if combining(chr(c))]
    assert [m for m in marks if reason_to_refuse("x" + m * 31) != "too_many_marks"] == []
    assert len(marks) > 800


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301" * 250_000,
        ("a" + "\u0301" * 30) * 8_000,
        "a\u0301 " * 60_000,
        "?" * 250_000 + "x",
        " " * 250_000 + "x\U00020000",
        "\u200b?" * 60_000 + "\U00020000",
        '"' * 250_000,
        '" ' * 120_000,
        '"' + "\\n" * 120_000,
        "\U00020000" * 60_000,
    ],
    ids=range(10),
)
def test_looking_takes_time_in_proportion_to_the_text(text: str) -> None:
    began = thread_time()
    is_plain_json(text)
    if reason_to_refuse(text) is None:
        comparable(compose(text))
    assert thread_time() - began < 0.1
