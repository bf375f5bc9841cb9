"""The clock is handed in from outside, so that tests can move it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the aware moment that counts as now."""

JAPAN = timezone(timedelta(hours=9))
"""The time zone of all agencies. It has no summer time."""

CLOCK_TOLERANCE = timedelta(seconds=2)
"""How far the clock of a process may be from the database's."""
EXPLAINED_BY_CLOCKS = timedelta(minutes=1)
"""A mailbox whose latest time is further ahead of a clock than this was written to with a clock
that was wrong, or was moved back since. Its time is not taken over into other cases: from these it
would reach the mailboxes of all their parties, and from there every case."""


class ClockIsOff(Exception):
    """The machine's clock is off by more than `CLOCK_TOLERANCE`; the text says by how much."""


def not_before(
    now: datetime, in_case: datetime | None, in_mailboxes: Iterable[datetime]
) -> datetime:
    """The time of a message: now, but never earlier than what its case and its mailboxes hold.

    In Japan's time, whatever the offset of what the database holds: its day is the day in Japan,
    and it is written in one way only.

    Args:
        now: by the clock of this process.
        in_case: when the last message of the case was accepted, if there is one.
        in_mailboxes: the latest time in each mailbox.
    """
    explained = (at for at in in_mailboxes if at - now <= EXPLAINED_BY_CLOCKS)
    latest = max((now, *explained))
    return (latest if in_case is None else max(latest, in_case)).astimezone(JAPAN)
