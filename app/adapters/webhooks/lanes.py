"""The queue of notices that a courier has leased for one endpoint, and outcomes to be written."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.webhooks.notices import Attempt, Notice


@dataclass(slots=True)
class LeasedNotice:
    """A notice with a lease, and until when its attempt may begin (monotonic seconds)."""

    notice: Notice
    begin_before: float


@dataclass(slots=True)
class Lane:
    """The leased notices of one endpoint, in order of position."""

    host: str
    waiting: deque[LeasedNotice] = field(default_factory=deque)
    under_way: int = 0
    unsettled: int = 0
    failures: int = 0
    """In a row."""

    @property
    def held(self) -> int:
        """The number of notices with a lease that are not settled yet."""
        return len(self.waiting) + self.under_way + self.unsettled


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of an attempt, to be written to the database."""

    notice: Notice
    attempt: Attempt
    at: datetime
