"""Lengths of time by the calendar, counted as the civil code counts them (民法140条・143条).

The first day does not count. A period of months or years ends before the day that corresponds to
its first full day; where the last month has none, with the last day of that month.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_FORM = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Months (a year is twelve) and then days; ISO 8601 writes it `P5Y`, `P90D`, `P1Y6M`."""

    months: int = 0
    days: int = 0

    @classmethod
    def read(cls, text: str) -> "Period":
        """The period that ISO 8601 writes so.

        Raises:
            ValueError: it is none of years, months and days.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("must be a period of years, months and days, such as P5Y or P90D")
        years, months, days = (int(part or 0) for part in match.groups())
        return cls(12 * years + months, days)

    def __str__(self) -> str:
        """As ISO 8601 writes it."""
        years, months = divmod(self.months, 12)
        parts = ((years, "Y"), (months, "M"), (self.days, "D"))
        return "P" + ("".join(f"{n}{unit}" for n, unit in parts if n) or "0D")

    def __add__(self, other: "Period") -> "Period":
        """Both, one after the other."""
        return Period(self.months + other.months, self.days + other.days)

    def over_on(self, since: date) -> date:
        """The first day on which the period, counted from an event of the day `since`, is over."""
        first = since + DAY
        month = first.month - 1 + self.months
        year, month = first.year + month // 12, month % 12 + 1
        length = monthrange(year, month)[1]
        if first.day > length:
            return date(year, month, length) + DAY + timedelta(days=self.days)
        return date(year, month, first.day) + timedelta(days=self.days)

    def last_over(self, today: date) -> date:
        """The last day of an event whose period is over today: all earlier ones are over too."""
        end = today - timedelta(days=self.days)
        month = end.year * 12 + end.month - 1 - self.months
        year, month = month // 12, month % 12 + 1
        near = date(year, month, min(end.day, monthrange(year, month)[1]))
        day = near + timedelta(days=3)  # a month that is shorter takes up to three days
        while self.over_on(day) > today:
            day -= DAY
        return day
