"""The queue of notices that a courier has leased for one endpoint, and outcomes to be written."""

from collections import Counter, deque
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
    agency: str
    waiting: deque[LeasedNotice] = field(default_factory=deque)
    under_way: int = 0
    unsettled: int = 0
    failures: int = 0
    """In a row."""

    @property
    def held(self) -> int:
        """The number of notices with a lease that are not settled yet."""
        return len(self.waiting) + self.under_way + self.unsettled


class HostShares:
    """The lanes to each host, by agency: an agency gets no more there by having more of them."""

    def __init__(self) -> None:
        self._lanes: dict[str, Counter[str]] = {}

    def add(self, lane: Lane) -> None:
        """Count a lane."""
        self._lanes.setdefault(lane.host, Counter())[lane.agency] += 1

    def remove(self, lane: Lane) -> None:
        """Count it no more."""
        agencies = self._lanes[lane.host]
        agencies[lane.agency] -= 1
        if not agencies[lane.agency]:
            del agencies[lane.agency]
        if not agencies:
            del self._lanes[lane.host]

    def of(self, lane: Lane, most: int) -> int:
        """The lane's share of `most` attempts at its host: by agency first, then by lane."""
        agencies = self._lanes[lane.host]
        return max(1, most // len(agencies) // agencies[lane.agency])


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of an attempt, to be written to the database."""

    notice: Notice
    attempt: Attempt
    at: datetime
