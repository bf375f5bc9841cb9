"""What a courier holds for one endpoint, in order, and the outcomes that are to be written down."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.webhooks.notices import Attempt, Notice

if TYPE_CHECKING:
    pass


@dataclass(slots=True)
class Held:
    """A notice that we hold, and until when an attempt may begin."""

    notice: Notice
    begin_before: float


@dataclass(slots=True)
class Lane:
    """What we hold for one endpoint, in order of position."""

    waiting: deque[Held] = field(default_factory=deque)
    under_way: int = 0
    unsettled: int = 0
    failures: int = 0
    """In a row."""

    @property
    def held(self) -> int:
        """Notices that are ours until they are settled."""
        return len(self.waiting) + self.under_way + self.unsettled


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt that is to be written down."""

    notice: Notice
    attempt: Attempt
    at: datetime
