"""Closed days (閉庁日) of Japan's public offices, and the business days between them.

Source: 行政機関の休日に関する法律1条: Saturdays and Sundays, national holidays, and 29 December
to 3 January. The national holidays come from the package `holidays`; it knows them from 1949 on
and, for years whose calendar is not yet proclaimed, computes the equinoxes.
"""

from datetime import date, timedelta
from functools import cache

import holidays

SATURDAY = 5
ONE_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 1949, 2099


def is_closed(day: date) -> bool:
    """Whether public offices are closed on that day."""
    return day.weekday() >= SATURDAY or _turn_of_year(day) or day in _national_holidays(day.year)


def next_business_day(day: date) -> date:
    """The day itself if offices are open, or else the first day after it on which they are."""
    while is_closed(day):
        day += ONE_DAY
    return day


def add_business_days(day: date, count: int) -> date:
    """The `count`-th business day after `day`; `day` itself is not counted."""
    for _ in range(count):
        day = next_business_day(day + ONE_DAY)
    return day


def _turn_of_year(day: date) -> bool:
    return (day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3)


@cache
def _national_holidays(year: int) -> frozenset[date]:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return frozenset()
    return frozenset(holidays.country_holidays("JP", years=year))
