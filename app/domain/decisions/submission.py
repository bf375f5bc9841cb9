"""What a decision is made of: the case, the message, who calls, when, and whose step it is."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.access.caller import Caller
from app.domain.calendar.clock import JAPAN
from app.domain.cases.case import Case
from app.domain.directory.agencies import Agency, Directory
from app.domain.messages.message import Message


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that a decision looks at."""

    case: Case
    message: Message
    caller: Caller
    directory: Directory
    at: datetime
    """In Japan's time: rules ask for its day."""

    def __post_init__(self) -> None:
        if self.at.utcoffset() != JAPAN.utcoffset(None):
            raise ValueError("the time of a message is given in Japan's time")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose step it is, and the party that keyed it in if it came on paper."""

    name: str
    agency: Agency
    keyed_by: str | None = None
