"""How many connections a process has, whose they are, and which one makes room for another."""

import logging
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from app.cli.processes.arrivals import Arrivals

OTHER_FILES = 256
"""Open files that a process needs besides connections: its database, keys, modules, logs."""

RESERVE_FROM = 8
"""Of fewer connections none is kept back."""
LINGERS = 5.0
"""Seconds after which a connection that made room before it was ever answered is closed. Whoever
opens another for each that is closed would otherwise do so as fast as both sides can."""
CLOSED_A_SECOND = 50
"""So many of them are closed in a second."""
OVERDUE_A_SECOND = 200
"""So many connections at most are ended in a second for taking too long."""
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

    def is_new(self) -> bool:
        """Whether no request of it was answered yet."""
        ...

    def end(self) -> None:
        """Close it now, whatever has not been sent."""
        ...

    def linger(self) -> None:
        """Neither read nor write any more, and stay open until `end` is called."""
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
    held: dict[Counted, None] = field(default_factory=dict)
    """Those that are not read yet, since too many come from their address."""
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

    What made room before it was answered is not closed at once, and new ones of an address are
    read one after the other, so that to open them again and again costs others little.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        count: Callable[[str], None],
        polls: WaitingPolls | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`count` gets the reason for which each connection was ended."""
        self._limits = limits
        self._count = count
        self._polls = polls
        self._clock = clock
        self._arrivals = Arrivals(clock)
        self._lingering: dict[Counted, float] = {}
        """Those that made room and are not closed, with the time since when, the oldest first."""
        self._all: dict[Counted, str] = {}
        self._everywhere = _Place(limits.in_all, None)
        self._places: dict[str, _Place] = {}

    def __len__(self) -> int:
        return len(self._all) + len(self._lingering)

    def is_proxy(self, address: str) -> bool:
        """Whether many callers share the connections from this address."""
        return self._limits.unlimited(address)

    def admit(self, connection: Counted, address: str) -> float | None:
        """Count a new connection, if there is room for it or another one makes room.

        Returns:
            Seconds until it is to be read; then `reads` has to be called, if that is not at once.
            None: it is not admitted, and was ended or lingers.
        """
        shared = self.is_proxy(address)
        most = None if shared else self._limits.of_one_address
        place = self._places.setdefault(address, _Place(most, address))
        if not self._make_room(place, "address"):
            self._let_linger(connection)
            return None
        if not self._make_room_for_all():
            self._forget(address, place)
            connection.end()
            return None
        self._places[address] = place  # it may have been forgotten with the one that made room
        self._all[connection] = address
        delay = 0.0 if shared else self._arrivals.delay(address)
        for each in (place, self._everywhere):
            each.open += 1
            (each.held if delay else each.waiting)[connection] = None
        return delay

    def reads(self, connection: Counted) -> None:
        """It is read from now on."""
        for place in self._of(connection):
            place.held.pop(connection, None)
            place.waiting[connection] = None

    def count_fault(self, connection: Counted, reason: str | None = None) -> None:
        """It did what costs more than it should: others from its address are read later.

        With a `reason`, it is ended for that.
        """
        if reason is not None:
            self._count(reason)
        address = self._all.get(connection)
        if address is not None and not self.is_proxy(address):
            self._arrivals.count_fault(address)

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
            for kind in (place.held, place.waiting, place.sending, place.working):
                kind.pop(connection, None)
        self._lingering.pop(connection, None)
        address = self._all.pop(connection, None)
        if address is not None:
            self._forget(address, self._places[address])

    def end_overdue(self, now: float) -> None:
        """End those that take too long. To be called each second."""
        late = ((each, each.overdue(now)) for each in list(self._all))
        overdue = ((each, reason) for each, reason in late if reason is not None)
        for connection, reason in islice(overdue, OVERDUE_A_SECOND):
            self.count_fault(connection, reason)
            connection.time_out()
        since = self._clock() - LINGERS
        for connection in [each for each, at in self._lingering.items() if at < since][
            :CLOSED_A_SECOND
        ]:
            self._end_lingering(connection)
        self._arrivals.forget()

    def end_lingering(self) -> None:
        """Close those that made room, before the process stops."""
        for connection in list(self._lingering):
            self._end_lingering(connection)

    def _of(self, connection: Counted) -> tuple[_Place, ...]:
        address = self._all.get(connection)
        return () if address is None else (self._places[address], self._everywhere)

    def _make_room(self, place: _Place, reason: str) -> bool:
        if not place.is_full():
            return True
        self._count(reason)
        return self._end(next(iter(place.waiting), None))

    def _make_room_for_all(self) -> bool:
        """Whether there is room for one more, for which another one ends if need be: one that
        made room already, then one that is not read yet, then one that waits."""
        if len(self) < self._limits.in_all:
            return True
        if self._lingering:
            self._end_lingering(next(iter(self._lingering)))
            return True
        self._count("all")
        either = next(iter(self._everywhere.held or self._everywhere.waiting), None)
        if either is None:
            return False
        self.leaves(either)
        either.end()
        return True

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
        self.count_fault(connection)
        self.leaves(connection)
        if connection.is_new():
            self._let_linger(connection)
        else:
            connection.end()
        return True

    def _let_linger(self, connection: Counted) -> None:
        """Keep a connection that is not counted any more open for a while, if there is room."""
        if len(self) >= self._limits.in_all:
            if not self._lingering:
                connection.end()
                return
            self._end_lingering(next(iter(self._lingering)))
        self._lingering[connection] = self._clock()
        connection.linger()

    def _end_lingering(self, connection: Counted) -> None:
        del self._lingering[connection]
        connection.end()

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
