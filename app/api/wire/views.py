"""Referrals, messages and answers as the wire shows them."""

from datetime import datetime

from app.domain.calendar.clock import JAPAN
from app.domain.messages.digest import wire_time


def moment(at: datetime | str) -> str:
    """A moment as it stands on the wire, in Japan's time."""
    read = datetime.fromisoformat(at) if isinstance(at, str) else at
    return wire_time(read.astimezone(JAPAN))


def moment_or_none(at: datetime | str | None) -> str | None:
    """A moment as it stands on the wire, if there is one."""
    return None if at is None else moment(at)
