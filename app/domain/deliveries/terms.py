"""By when a message has to be acknowledged (受領), by its urgency and type.

What is urgent is counted in hours, by day and by night: a detention runs on closed days too, and
a release does not wait. Everything else is counted in business days, to the end of the last one;
the day of acceptance is not counted (民法140条). When twice the time has passed, it has failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.domain.calendar.business_days import ONE_DAY, add_business_days
from app.domain.calendar.clock import JAPAN

HOURS: Mapping[str, timedelta] = {
    "same_day": timedelta(hours=2),
    "urgent": timedelta(hours=4),
}
"""By urgency: 当日(釈放), 至急(勾留中)."""

BUSINESS_DAYS: Mapping[str, int] = {
    "change_custody": 1,
    "request": 3,
}
"""By event, in any flow: news of a transfer is soon out of date, and a request to another region is
answered within three days."""

USUAL = "usual"
USUAL_BUSINESS_DAYS = 3
FAILED_AFTER = 2
"""Times the term."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The moments from which a message that is not acknowledged is overdue, and has failed."""

    overdue_at: datetime
    failed_at: datetime


def terms(message_type: str, urgency: str, accepted_at: datetime) -> Terms:
    """The terms of a message that was accepted at that moment."""
    if hours := HOURS.get(urgency):
        return Terms(accepted_at + hours, accepted_at + FAILED_AFTER * hours)
    days = BUSINESS_DAYS.get(message_type.partition(".")[2], USUAL_BUSINESS_DAYS)
    return Terms(
        end_of_business_day(accepted_at, days),
        end_of_business_day(accepted_at, FAILED_AFTER * days),
    )


def terms_by_kind(accepted_at: datetime) -> Mapping[str, Terms]:
    """The terms from a moment on: by urgency, else by event, else `usual`."""
    by_event = {event: terms(f".{event}", "", accepted_at) for event in BUSINESS_DAYS}
    by_urgency = {urgency: terms("", urgency, accepted_at) for urgency in HOURS}
    return {**by_event, **by_urgency, USUAL: terms("", "", accepted_at)}


def end_of_business_day(accepted_at: datetime, days: int) -> datetime:
    """The end of the `days`-th business day after a moment."""
    last = add_business_days(accepted_at.astimezone(JAPAN).date(), days)
    return datetime.combine(last + ONE_DAY, time(), JAPAN)
