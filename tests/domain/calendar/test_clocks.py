"""The detention clock, business days, and the months of relief."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar.business_days import add_business_days, is_closed, next_business_day
from app.domain.calendar.detention import DetentionClock, arrest_max
from app.domain.state_machine.guards import months_after

DAYS = st.dates(date(1950, 1, 1), date(2098, 12, 31))


def test_detention_requested_on_1_july_ends_on_the_10th_and_extended_on_the_20th() -> None:
    clock = DetentionClock(date(2025, 7, 1))
    assert clock.end10 == date(2025, 7, 10)
    assert clock.end20 == date(2025, 7, 20)


def test_from_arrest_it_is_23_days_at_most() -> None:
    assert arrest_max(date(2025, 6, 28)) == date(2025, 7, 20)


@given(DAYS)
def test_the_first_day_counts_and_closed_days_count_too(day1: date) -> None:
    clock = DetentionClock(day1)
    assert len(days(day1, clock.end10)) == 10
    assert len(days(day1, clock.end20)) == 20
    assert clock.end20 - clock.end10 == timedelta(days=10)


@given(DAYS, st.integers(0, 3))
def test_who_is_brought_before_a_judge_in_72_hours_is_never_held_past_the_arrest_limit(
    arrested_on: date, later: int
) -> None:
    requested_on = arrested_on + timedelta(days=min(later, 3))
    assert DetentionClock(requested_on).end20 <= arrest_max(arrested_on)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2025, 12, 26), False),  # a Friday
        (date(2025, 12, 27), True),  # a Saturday
        (date(2025, 12, 29), True),  # a Monday, but the turn of the year
        (date(2026, 1, 1), True),
        (date(2026, 1, 3), True),
        (date(2026, 1, 5), False),
        (date(2026, 5, 6), True),  # a substitute holiday
        (date(2026, 9, 22), True),  # between two holidays
        (date(2026, 11, 23), True),
        (date(2026, 11, 24), False),
        (date(2019, 5, 1), True),  # the enthronement
        (date(2020, 10, 12), False),  # sports day was moved that year
    ],
)
def test_offices_are_closed_at_weekends_on_holidays_and_at_the_turn_of_the_year(
    day: date, closed: bool
) -> None:
    assert is_closed(day) is closed


def test_the_first_business_day_of_2026_is_5_january() -> None:
    assert next_business_day(date(2025, 12, 29)) == date(2026, 1, 5)
    assert next_business_day(date(2026, 1, 5)) == date(2026, 1, 5)


def test_one_business_day_after_a_friday_is_the_monday() -> None:
    assert add_business_days(date(2025, 12, 19), 1) == date(2025, 12, 22)
    assert add_business_days(date(2025, 12, 26), 1) == date(2026, 1, 5)
    assert add_business_days(date(2025, 12, 26), 0) == date(2025, 12, 26)


@given(DAYS, st.integers(0, 15))
def test_business_days_are_open_and_as_many_as_asked_for(day: date, count: int) -> None:
    end = add_business_days(day, count)
    between = [d for d in days(day, end)[1:] if not is_closed(d)]
    assert len(between) == count
    assert count == 0 or not is_closed(end)


@given(DAYS)
def test_the_next_business_day_skips_closed_days_only(day: date) -> None:
    found = next_business_day(day)
    assert not is_closed(found)
    assert all(is_closed(d) for d in days(day, found)[:-1])


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 4, 17), 6, date(2026, 10, 16)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 8, 1), 6, date(2027, 1, 31)),
        (date(2026, 6, 15), 6, date(2026, 12, 14)),
        (date(2026, 12, 1), 12, date(2027, 11, 30)),
        (date(2026, 6, 30), 6, date(2026, 12, 29)),
    ],
)
def test_a_period_of_months_ends_on_the_eve_of_its_date(
    first: date, months: int, last: date
) -> None:
    assert months_after(first, months) == last


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_two_years_of_relief_are_four_times_six_months_and_never_shorter(first: date) -> None:
    assert months_after(first, 6) < months_after(first, 24)
    assert 180 <= (months_after(first, 6) - first).days + 1 <= 184
