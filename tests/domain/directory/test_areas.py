"""Area codes: which are well formed, and which lie in which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.directory.areas import (
    PREFECTURES,
    SAPPORO_WARDS,
    AreaError,
    check_digit,
    covers,
    is_code,
    prefecture_of,
    read_area,
)

DIGITS = st.text("0123456789", min_size=5, max_size=5)


@pytest.mark.parametrize(
    ("five", "sixth"),
    # 131016 and 130001 are the examples of the GIF; the others are of every branch of the rule
    [
        *[("13101", "6"), ("13000", "1"), ("01000", "6"), ("01100", "2"), ("01561", "0")],
        *[("00000", "1"), ("00001", "9"), ("00005", "1"), ("20000", "0"), ("47211", "5")],
    ],
)
def test_the_check_digit_is_that_of_the_ministry(five: str, sixth: str) -> None:
    assert check_digit(five) == sixth


@given(DIGITS, st.integers(0, 4), st.integers(1, 9))
def test_a_mistyped_digit_is_noticed_unless_two_remainders_share_the_check_digit(
    five: str, place: int, change: int
) -> None:
    typo = five[:place] + str((int(five[place]) + change) % 10) + five[place + 1 :]
    shift = (int(typo[place]) - int(five[place])) * (6, 5, 4, 3, 2)[place]
    # the remainders 0 and 10 both give 1
    if shift % 11 not in {0, 1, 10}:
        assert check_digit(typo) != check_digit(five)


def test_there_are_47_prefectures_with_well_formed_codes_in_order() -> None:
    assert list(PREFECTURES) == [f"{number:02}" for number in range(1, 48)]
    for code, prefecture in PREFECTURES.items():
        assert prefecture.code == code
        assert prefecture.area.startswith(f"{code}000")
        assert is_code(prefecture.area)
    assert len({prefecture.name for prefecture in PREFECTURES.values()}) == 47


@pytest.mark.parametrize(
    ("text", "area"), [("13", "130001"), ("130001", "130001"), ("131016", "131016")]
)
def test_an_area_is_read_from_six_digits_or_two(text: str, area: str) -> None:
    assert read_area(text) == area


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *[("", "area_form"), ("1", "area_form"), ("13101", "area_form"), ("1310166", "area_form")],
        *[
            ("１３", "area_form"),
            ("13101x", "area_form"),
            (" 13", "area_form"),
            ("²3", "area_form"),
        ],
        *[("48", "area_prefecture"), ("00", "area_prefecture"), ("990006", "area_prefecture")],
        *[("131017", "area_check_digit"), ("130002", "area_check_digit")],
    ],
)
def test_what_is_no_area_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(AreaError) as refused:
        read_area(text)
    assert refused.value.reason == reason
    assert not is_code(text)


@given(st.text())
def test_no_text_breaks_the_reading_of_a_code(text: str) -> None:
    assert is_code(text) in {True, False}


def test_two_digits_are_an_area_but_no_code() -> None:
    assert not is_code("13")


def test_a_municipality_lies_in_its_prefecture() -> None:
    assert prefecture_of("131016").name == "東京都"


@pytest.mark.parametrize(
    ("row", "code", "reached"),
    [
        ("130001", "131016", True),
        ("131016", "130001", True),
        ("131016", "131016", True),
        ("131016", "131024", False),
        ("130001", "140007", False),
        ("010006", "131016", False),
        ("012068", "012076", False),
        ("012068", "010006", True),
    ],
)
def test_an_area_reaches_itself_its_prefecture_and_what_lies_in_it(
    row: str, code: str, reached: bool
) -> None:
    assert covers(row, code) is reached


def test_a_ward_of_sapporo_counts_as_sapporo() -> None:
    assert len(SAPPORO_WARDS) == 10
    assert all(is_code(ward) and covers("011002", ward) for ward in SAPPORO_WARDS)
    assert not covers("012068", "011011")
