"""How many connections a process has, whose they are, and which one makes room for another."""

import logging
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

OTHER_FILES = 256
"""Open files that a process needs besides connections: its database, keys, modules, logs."""

RESERVE_FROM = 8
"""Of fewer connections none is kept back."""
UNREAD_LOOKED_AT = 32
"""So many of those that are at work longest are looked at for an answer that nobody reads."""

_log = logging.getLogger("uvicorn.error")


class Counted(Protocol):
    """A connection, as it is counted."""

    def overdue(self, now: float) -> str | None:
        """What it took too long for, if it did."""
        ...

    def is_unread(self) -> bool:
        """Whether its caller has left an answer unread for a while."""
        ...

    def end(self) -> None:
        """Close it now, whatever has not been sent."""
        ...

    def time_out(self) -> None:
        """Close it, because it took too long."""
        ...


class WaitingPolls(Protocol):
    """The long polls that wait, and can be answered at any time."""

    def answer_oldest(self, address: str | None) -> bool:
        """Answer the one from this address (None: from any) that has waited longest, if any."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be."""

    in_all: int
    of_one_address: int
    unlimited: Callable[[str], bool] = lambda _: False
    """Whether an address is that of a proxy, through which many come."""


def reserve_of(most: int) -> int:
    """How many of `most` connections are never at work, but for health: one that has just been
    opened finds a place, and the head of its request is read."""
    return max(2, most // 8) if most > RESERVE_FROM else 0


@dataclass(slots=True)
class _Place:
    """The connections from one address, or from all."""

    most: int | None
    """None: as many as come."""
    address: str | None
    open: int = 0
    waiting: dict[Counted, None] = field(default_factory=dict)
    """Those that wait for a request, the first or the next, in the order in which they began to.
    New ones have no order of their own: whoever filled all places with answered ones would
    otherwise let callers who connect at the same moment close each other's."""
    sending: dict[Counted, None] = field(default_factory=dict)
    """Those of the waiting whose head was taken, and of whose body a part is missing."""
    working: dict[Counted, None] = field(default_factory=dict)
    """Those whose request is answered, in the order in which they began to be."""

    def is_full(self) -> bool:
        """Whether there is no place for one more."""
        return self.most is not None and self.open >= self.most

    def room_for_work(self) -> int:
        """How many requests more may be under way."""
        if self.most is None:
            return 1
        return self.most - reserve_of(self.most) - len(self.sending) - len(self.working)


class Connections:
    """The connections of one process.

    When there are too many, the one that has waited longest without sending a whole request makes
    room: whoever opens connections to keep others out closes their own. Some are never at work,
    so that there is always one to make room, and a new caller's head is read. What it asks for
    beyond that is answered when something else ends: a body that has not arrived, a long poll,
    an answer that nobody reads; and otherwise refused in words.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        count: Callable[[str], None],
        polls: WaitingPolls | None = None,
    ) -> None:
        """`count` gets the reason for which each connection was ended."""
        self._limits = limits
        self._count = count
        self._polls = polls
        self._all: dict[Counted, str] = {}
        self._everywhere = _Place(limits.in_all, None)
        self._places: dict[str, _Place] = {}

    def __len__(self) -> int:
        return len(self._all)

    def is_proxy(self, address: str) -> bool:
        """Whether many callers share the connections from this address."""
        return self._limits.unlimited(address)

    def admit(self, connection: Counted, address: str) -> bool:
        """Count a new connection, if there is room for it or another one makes room."""
        most = None if self.is_proxy(address) else self._limits.of_one_address
        place = self._places.setdefault(address, _Place(most, address))
        if not self._make_room(place, "address"):
            return False
        if not self._make_room(self._everywhere, "all"):
            self._forget(address, place)
            return False
        self._places[address] = place  # it may have been forgotten with the one that made room
        self._all[connection] = address
        for each in (place, self._everywhere):
            each.open += 1
            each.waiting[connection] = None
        return True

    def may_send(self, connection: Counted) -> bool:
        """Whether the request whose head was read may go on; if so, its body is waited for."""
        if connection in self._everywhere.working:  # it comes after one that is still answered
            return True
        places = self._of(connection)
        if not all(self._make_room_for_work(place) for place in places):
            self._count("busy")
            return False
        for place in places:
            place.sending[connection] = None
        return True

    def begins(self, connection: Counted) -> None:
        """A request was read whole: it makes no room until it has been answered."""
        for place in self._of(connection):
            place.sending.pop(connection, None)
            place.waiting.pop(connection, None)
            place.working[connection] = None

    def waits(self, connection: Counted) -> None:
        """It was answered, and waits for its next request."""
        for place in self._of(connection):
            place.sending.pop(connection, None)
            place.working.pop(connection, None)
            place.waiting[connection] = None

    def leaves(self, connection: Counted) -> None:
        """It is closed."""
        for place in self._of(connection):
            place.open -= 1
            for kind in (place.waiting, place.sending, place.working):
                kind.pop(connection, None)
        address = self._all.pop(connection, None)
        if address is not None:
            self._forget(address, self._places[address])

    def end_overdue(self, now: float) -> None:
        """End those that take too long. To be called each second."""
        for connection in list(self._all):
            reason = connection.overdue(now)
            if reason is not None:
                self._count(reason)
                connection.time_out()

    def _of(self, connection: Counted) -> tuple[_Place, ...]:
        address = self._all.get(connection)
        return () if address is None else (self._places[address], self._everywhere)

    def _make_room(self, place: _Place, reason: str) -> bool:
        if not place.is_full():
            return True
        self._count(reason)
        return self._end(next(iter(place.waiting), None))

    def _make_room_for_work(self, place: _Place) -> bool:
        """Whether one more request may be under way, for which another one ends if need be."""
        room = place.room_for_work()
        if room > 0 or self._end(next(iter(place.sending), None)):
            return True
        # A poll is answered in a moment: until then there is one more than there should be.
        late = reserve_of(place.most or 0) * 3 // 4
        if self._polls is not None and room > -late and self._polls.answer_oldest(place.address):
            return True
        oldest = islice(place.working, UNREAD_LOOKED_AT)
        return self._end(next((each for each in oldest if each.is_unread()), None))

    def _end(self, connection: Counted | None) -> bool:
        if connection is None:
            return False
        self.leaves(connection)
        connection.end()
        return True

    def _forget(self, address: str, place: _Place) -> None:
        if not place.open:
            self._places.pop(address, None)


def room_for_connections(wanted: int) -> int:
    """Raise the limit of open files to the most that is allowed; how many connections it leaves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else hard
    room = max(1, min(wanted, files - OTHER_FILES))
    _log.info("Open files: %d were allowed, %d are. Room for %d connections.", soft, hard, room)
    if room < wanted:
        _log.warning("For %d connections the limit of open files is too low.", wanted)
    return room
