"""A decision: all effects of a message, before they are written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.domain.cases.case import CLOSED, Case, Party, Referral
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent
from app.domain.erasure.clock import RetentionClock
from app.domain.messages.body import Body
from app.domain.messages.facts import DEADLINES, Fact


@dataclass(frozen=True, slots=True)
class Copy:
    """One agency's right to read one message through one referral."""

    agency_id: str
    party: str
    referral_id: UUID
    """The referral through which it is read: for a shared message, not the one it was sent in."""
    number: int
    """Which message this is for the reader in that referral, counted from 1."""
    classes: frozenset[DataClass]
    waits: bool = False
    """Whether it goes to the inbox. A shared message does not, nor a sender's own copy, unless
    others keyed it in for a connected agency, which was switched off."""
    rests_on: frozenset[UUID] = frozenset()
    """The consents on which this copy rests; in a sender's own copy, those of all recipients."""
    lacking: frozenset[DataClass] = frozenset()
    """The classes that it would have with consent. A consent that covers them adds them."""
    of_sender: bool = False
    """Whether its holder is named as the sender."""


@dataclass(frozen=True, slots=True)
class Move:
    """One message in one referral: its body, the new state, and its readers."""

    body: Body
    before: str
    referral: Referral
    """As it is afterwards, with every party's view."""
    copies: tuple[Copy, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """The facts that this message sets."""
    arriving: frozenset[str] = frozenset()
    """The agencies that join by it."""

    def deadlines(self) -> Mapping[tuple[str, str], date | None]:
        """The deadlines that change for each reader, by agency and kind; None removes one."""
        readers = {copy.agency_id for copy in self.copies}
        closed = self.referral.state == CLOSED
        # Reopened, it has again all the deadlines that its end lifted. A successor has those of
        # the facts that came with the part.
        stated = DEADLINES & self.facts.keys()
        days: dict[tuple[str, str], date | None] = {}
        for party in self.referral.parties:
            if party.agency_id in readers and (closed or not party.active):
                days |= {(party.agency_id, kind): None for kind in DEADLINES}
            elif party.agency_id in readers:
                known = party.view.facts
                anew = self.before == CLOSED or party.agency_id in self.arriving
                counted = stated | (DEADLINES & known.keys() if anew else frozenset())
                days |= {(party.agency_id, k): _day(known.get(k)) for k in counted}
        return days


@dataclass(frozen=True, slots=True)
class Decision:
    """All effects of one message. `moves[0]` is the message, the others are events of `sys`."""

    case: Case
    """The case afterwards: lead, consents, referrals."""
    moves: tuple[Move, ...]
    sender: Party
    """The sender's part afterwards; for paper, the part of the agency that wrote it."""
    keyed_by: Party | None = None
    """The party that keyed it in, if it came on paper."""
    shared: Mapping[UUID, tuple[Copy, ...]] = field(default_factory=dict)
    """Older messages that more agencies may read from now on."""
    recorded: Consent | None = None
    withdrawn: frozenset[UUID] = frozenset()
    confirmed: frozenset[UUID] = frozenset()
    """The claims that count from now on."""
    refused: frozenset[UUID] = frozenset()
    """The claims that will never count."""
    restored: frozenset[UUID] = frozenset()
    """The consents whose last withdrawal is taken back."""
    erases: bool = False
    clocks: tuple[RetentionClock, ...] = ()
    """The clocks of retention that start or stop."""

    @property
    def caller(self) -> Party:
        """The party of the caller: the sender, or the party that keyed the paper in."""
        return self.keyed_by or self.sender


def _day(fact: Fact) -> date | None:
    return date.fromisoformat(fact) if isinstance(fact, str) else None
