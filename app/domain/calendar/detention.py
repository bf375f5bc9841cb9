"""The detention clock (勾留の期間): when a suspect's detention ends, by the day it was requested.

Source: 刑事訴訟法205条・208条, as told in the domain reference 3.b. That the first day counts in
full, and that closed days count too, is common practice and not taken from a text that we hold.
"""

from dataclasses import dataclass
from datetime import date, timedelta

FIRST_TERM = timedelta(days=10)
EXTENSION = timedelta(days=10)
ARREST_TO_END = timedelta(days=23)
FIRST_DAY_COUNTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DetentionClock:
    """The last days of a suspect's detention."""

    day1: date
    """勾留請求日: the day on which detention was requested."""

    @property
    def end10(self) -> date:
        """The last day without extension."""
        return self.day1 + FIRST_TERM - FIRST_DAY_COUNTS

    @property
    def end20(self) -> date:
        """The last day if extended in full."""
        return self.day1 + FIRST_TERM + EXTENSION - FIRST_DAY_COUNTS


def arrest_max(arrested_on: date) -> date:
    """The last possible day of detention before indictment, counted from the day of arrest."""
    return arrested_on + ARREST_TO_END - FIRST_DAY_COUNTS
