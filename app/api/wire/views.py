"""Times in answers."""

from datetime import datetime

from app.domain.calendar.clock import JAPAN
from app.domain.messages.digest import wire_time


def moment(at: datetime | str) -> str:
    """A time as answers write it, with Japan's offset."""
    read = datetime.fromisoformat(at) if isinstance(at, str) else at
    return wire_time(read.astimezone(JAPAN))


def moment_or_none(at: datetime | str | None) -> str | None:
    """A time as answers write it, or None."""
    return None if at is None else moment(at)
