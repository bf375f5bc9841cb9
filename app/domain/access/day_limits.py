"""How much one agency may do on a day, so that none fills the log or the inboxes of others."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class DayLimits:
    """The most of one agency on one day in Japan, whichever client or seat it is. 0: no limit.

    The database counts by these names: function `count_today`.
    """

    openings: int = 0
    """Messages that it opens again. What it opens for the first time is limited by what it got."""
    refusals: int = 0
    """Messages that are refused or rehearsed."""
    exports: int = 0
    """Bundles and sheets."""
    changes: int = 0
    """Everything else that it has written to the log without need: webhooks, acts, holds."""
    sent: int = 0
    """Messages that it sends, in all referrals; twice as many of those of `Flow.vital_types`."""
    referrals: int = 0
    """Referrals that it opens, on paper too."""
    referrals_to_one: int = 0
    """Of these, referrals to one other agency."""

    def by_name(self) -> Mapping[str, int]:
        """The limits that there are."""
        return {name: most for name, most in asdict(self).items() if most}
