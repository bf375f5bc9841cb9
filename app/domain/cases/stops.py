"""Who stopped or closed a referral, and how often that was undone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

MOST_RETURNS = 2
"""An agency stops a referral as often as this in one way; what it sends afterwards stops nothing.
Once is needed, and once more for a mistake or a change of mind."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What is remembered of the side states of a referral, and of its end.

    Side states that the service caused are left out.
    """

    senders: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)
    """By side state: the agencies that led into it, and whether each then was the deciding party.
    Of paper, the agency that keyed it in."""
    ended: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By agency and side state: how often the state ended again that it had led into."""
    closed_on: date | None = None
    """Since when the referral is closed, if that can be undone."""
    suspended_here: bool = False
    """Whether consent is suspended by a withdrawal in the referral itself that reached none above:
    it does not end with a suspension of the parent."""

    def entered(self, state: str, agency_id: str, *, deciding: bool) -> "Stops":
        """The same after an agency led into a side state, or joined one that led into it before."""
        known = self.senders.get(state, {})
        sent = {**known, agency_id: deciding or known.get(agency_id, False)}
        return replace(self, senders={**self.senders, state: sent})

    def left(self, states: Iterable[str]) -> "Stops":
        """The same after these side states ended, and the referral goes on."""
        gone = set(states)
        ended = {agency: dict(times) for agency, times in self.ended.items()}
        for state in gone:
            for agency in self.senders.get(state, ()):
                times = ended.setdefault(agency, {})
                times[state] = times.get(state, 0) + 1
        senders = {state: sent for state, sent in self.senders.items() if state not in gone}
        return replace(self, senders=senders, ended=ended)

    def decided(self, state: str) -> bool:
        """Whether the deciding party itself led into this side state."""
        return any(self.senders.get(state, {}).values())

    def used_up(self, agency_id: str) -> frozenset[str]:
        """The states into which the agency has led as often as one agency may."""
        times = self.ended.get(agency_id, {})
        return frozenset(state for state, count in times.items() if count >= MOST_RETURNS)


NO_STOPS = Stops()
