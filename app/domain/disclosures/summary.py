"""The disclosures of a case for the person concerned: every agency, with bounded detail of each.

What one agency is told by one sender has lines of its own, so that nobody's messages or openings
push those of another off the paper. Messages beyond them are summed up, and none is lost: which
classes were told, since when, until when and on which basis stays.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from app.domain.classes import DataClass
from app.domain.disclosures.record import Disclosure

LINES = 500
"""How many messages one sheet shows each on its own: about a hundred pages."""
LEAST_LINES = 3
"""How many of them one agency has from one sender in any case."""

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class KnownMessage:
    """All disclosures of one message to one agency, summed up."""

    agency_id: str
    message_id: UUID
    from_agency: str | None = None
    legal_basis: str | None = None
    consented: bool = False
    classes: frozenset[DataClass] | None = None
    first: dict[str, datetime] = field(default_factory=dict)
    """The first moment of each kind of `HOW`."""

    @property
    def nameless(self) -> bool:
        """Whether only routing was disclosed: no name, nothing about the person."""
        return self.classes is not None and self.classes <= {DataClass.C0}

    @property
    def since(self) -> datetime:
        """The moment of the first disclosure."""
        return min(self.first.values())

    @property
    def until(self) -> datetime:
        """The first moment of the last kind of disclosure."""
        return max(self.first.values())

    def take(self, disclosure: Disclosure) -> None:
        """Add one more disclosure."""
        self.first.setdefault(disclosure.how, disclosure.at)
        self.first[disclosure.how] = min(self.first[disclosure.how], disclosure.at)
        self.from_agency = disclosure.from_agency
        self.legal_basis = self.legal_basis or disclosure.legal_basis
        self.consented = self.consented or bool(disclosure.consent_ids)
        if disclosure.classes is not None:
            self.classes = (self.classes or frozenset()) | frozenset(disclosure.classes)


@dataclass(slots=True)
class SummedUp:
    """Several messages of one sender to one agency."""

    from_agency: str | None
    messages: set[UUID] = field(default_factory=set)
    since: datetime | None = None
    until: datetime | None = None
    classes: set[DataClass] = field(default_factory=set)
    bases: dict[str, None] = field(default_factory=dict)
    """In the order in which they appeared."""
    consented: bool = False
    is_unknown: bool = False
    """Whether the classes of some are not known."""

    def take(self, message: KnownMessage) -> None:
        """Add one more message."""
        self.messages.add(message.message_id)
        self.since = min(self.since or message.since, message.since)
        self.until = max(self.until or message.until, message.until)
        self.classes |= message.classes or set()
        self.is_unknown = self.is_unknown or message.classes is None
        self.consented = self.consented or message.consented
        if message.legal_basis:
            self.bases[message.legal_basis] = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one agency was told: messages, the earliest first, and what is summed up."""

    messages: Sequence[KnownMessage]
    rest: Sequence[SummedUp]
    """Further messages, by sender."""
    notes: Mapping[UUID, datetime]
    """Messages with notes on the procedure alone, and when each was last disclosed."""


@dataclass(slots=True)
class _Lane:
    """The messages of one sender to one agency."""

    single: dict[UUID, KnownMessage] = field(default_factory=dict)
    rest: SummedUp = field(default_factory=lambda: SummedUp(None))
    notes: dict[UUID, datetime] = field(default_factory=dict)

    def take(self, message: KnownMessage, most: int) -> None:
        if message.nameless:
            self.notes[message.message_id] = message.until
        elif len(self.single) < most:
            self.single[message.message_id] = message
        else:
            self.rest.take(message)

    def shortened(self, lines: int) -> tuple[list[KnownMessage], SummedUp]:
        """The earliest messages, each on its own, and the others summed up."""
        ordered = sorted(self.single.values(), key=lambda m: (m.since, m.message_id))
        for message in ordered[lines:]:
            self.rest.take(message)
        return ordered[:lines], self.rest


class Summary:
    """Takes disclosures one after the other, and keeps no more of them than is printed."""

    def __init__(self, lines: int = LINES) -> None:
        self._lines = lines
        self._lanes: dict[tuple[str, str | None], _Lane] = {}
        self._since: dict[str, datetime] = {}
        self.referrals: dict[UUID, None] = {}
        """Through which the asker has the messages, in order."""
        self.count = 0
        """How many disclosures there were."""

    def take(self, disclosures: Iterable[Disclosure]) -> None:
        """Add disclosures. Those of a message that is read through one referral come together.

        A sender that reads its own message again is left out.
        """
        for _, together in groupby(disclosures, lambda each: (each.via, each.message_id)):
            self._take_message(list(together))

    def _take_message(self, disclosures: Sequence[Disclosure]) -> None:
        self.count += len(disclosures)
        self.referrals[disclosures[0].via] = None
        messages: dict[str, KnownMessage] = {}
        for each in disclosures:
            if each.agency_id == each.from_agency:
                continue
            lane = self._lane(each.agency_id, each.from_agency)
            known = lane.single.get(each.message_id)
            if known is not None:
                known.take(each)
                continue
            message = KnownMessage(each.agency_id, each.message_id)
            messages.setdefault(each.agency_id, message).take(each)
        for agency_id, message in messages.items():
            self._lane(agency_id, message.from_agency).take(message, self._lines)
            since = self._since.setdefault(agency_id, message.since)
            self._since[agency_id] = min(since, message.since)

    def agencies(self) -> Mapping[str, Told]:
        """What each agency was told, in the order in which they were first told anything."""
        sizes = {key: len(lane.single) for key, lane in self._lanes.items()}
        lines = fair_shares(sizes, self._lines, LEAST_LINES)
        told: dict[str, Told] = {}
        for agency_id in sorted(self._since, key=lambda each: (self._since[each], each)):
            lanes = {key: lane for key, lane in self._lanes.items() if key[0] == agency_id}
            parts = [lane.shortened(lines[key]) for key, lane in lanes.items()]
            messages = [message for single, _ in parts for message in single]
            notes = {message: at for lane in lanes.values() for message, at in lane.notes.items()}
            told[agency_id] = Told(
                sorted(messages, key=lambda m: (m.since, m.message_id)),
                [rest for _, rest in parts if rest.messages],
                notes,
            )
        return told

    def _lane(self, agency_id: str, from_agency: str | None) -> _Lane:
        lane = self._lanes.get((agency_id, from_agency))
        if lane is None:
            lane = self._lanes[agency_id, from_agency] = _Lane()
            lane.rest.from_agency = from_agency
        return lane


def fair_shares(sizes: Mapping[K, int], most: int, least: int) -> Mapping[K, int]:
    """How many of `most` places each gets: as many as it needs, or as many as everybody else.

    What some do not need is for the others.

    Args:
        least: what each gets in any case, even if that is more than `most` together.
    """
    shares: dict[K, int] = {}
    for key in sorted(sizes, key=lambda each: sizes[each]):
        fair = (most - sum(shares.values())) // (len(sizes) - len(shares))
        shares[key] = min(sizes[key], max(least, fair))
    return shares
