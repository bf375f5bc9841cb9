"""How many messages one party may send in a referral, so that no party fills a case for others."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from app.domain.calendar.clock import JAPAN
from app.domain.errors import ReferralFull, TooManyToday


@dataclass(frozen=True, slots=True)
class Quota:
    """The most messages of one party in one referral: altogether, and on one day. 0: no limit."""

    altogether: int = 0
    in_a_day: int = 0

    @property
    def least(self) -> int:
        """Below this many messages no limit can be reached; 0 if there is no limit."""
        return min((each for each in (self.altogether, self.in_a_day) if each), default=0)

    def check(self, sent: int, today: int, at: datetime, *, vital: bool) -> None:
        """Refuse a message above the limits.

        Args:
            sent: the messages that the party has sent in the referral.
            today: those of them since `day_began`.
            vital: somebody has to be told of it in any case, as `Flow.vital_types` says: each
                limit is twice as high.

        Raises:
            ReferralFull: it has sent as many as it may.
            TooManyToday: it has sent as many as it may on this day.
        """
        times = 2 if vital else 1
        if self.altogether and sent >= times * self.altogether:
            raise ReferralFull(self.altogether)
        if self.in_a_day and today >= times * self.in_a_day:
            rest = day_began(at) + timedelta(days=1) - at
            raise TooManyToday(self.in_a_day, int(rest.total_seconds()) + 1)


def day_began(at: datetime) -> datetime:
    """When the day of a moment began, in Japan."""
    return datetime.combine(at.astimezone(JAPAN).date(), time(), JAPAN)
