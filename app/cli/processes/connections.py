"""How many connections a process has, whose they are, and which one makes room for another."""

import logging
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

OTHER_FILES = 256
"""Open files that a process needs besides connections: its database, keys, modules, logs."""

_log = logging.getLogger("uvicorn.error")


class Counted(Protocol):
    """A connection, as it is counted."""

    def overdue(self, now: float) -> str | None:
        """What it took too long for, if it did."""
        ...

    def end(self) -> None:
        """Close it now, whatever has not been sent."""
        ...

    def time_out(self) -> None:
        """Close it, because it took too long."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be."""

    in_all: int
    of_one_address: int
    unlimited: Callable[[str], bool] = lambda _: False
    """Whether an address is that of a proxy, through which many come."""


@dataclass(slots=True)
class _Place:
    """The connections from one address."""

    open: int = 0
    waiting: dict[Counted, None] = field(default_factory=dict)
    """Those that wait for a request, the first or the next, in the order in which they began to.
    New ones have no order of their own: whoever filled all places with answered ones would
    otherwise let callers who connect at the same moment close each other's."""

    def oldest(self) -> Counted | None:
        """The one to make room."""
        return next(iter(self.waiting), None)


class Connections:
    """The connections of one process.

    When there are too many, the one that has waited longest without sending a whole request makes
    room: whoever opens connections to keep others out closes their own. Only if all of them are at
    work is the new one refused.
    """

    def __init__(self, limits: ConnectionLimits, count: Callable[[str], None]) -> None:
        """`count` gets the reason for which each connection was ended."""
        self._limits = limits
        self._count = count
        self._all: dict[Counted, str] = {}
        self._everywhere = _Place()
        self._places: dict[str, _Place] = {}

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, connection: Counted, address: str) -> bool:
        """Count a new connection, if there is room for it or another one makes room."""
        place = self._places.setdefault(address, _Place())
        bounded = not self._limits.unlimited(address)
        if bounded and not self._make_room(place, self._limits.of_one_address, "address"):
            return False
        if not self._make_room(self._everywhere, self._limits.in_all, "all"):
            self._forget(address, place)
            return False
        self._places[address] = place  # it may have been forgotten with the one that made room
        self._all[connection] = address
        for each in (place, self._everywhere):
            each.open += 1
            each.waiting[connection] = None
        return True

    def begins(self, connection: Counted) -> None:
        """A request was read whole: it makes no room until it has been answered."""
        for place in self._of(connection):
            place.waiting.pop(connection, None)

    def waits(self, connection: Counted) -> None:
        """It was answered, and waits for its next request."""
        for place in self._of(connection):
            place.waiting[connection] = None

    def leaves(self, connection: Counted) -> None:
        """It is closed."""
        self.begins(connection)
        for place in self._of(connection):
            place.open -= 1
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

    def _make_room(self, place: _Place, most: int, reason: str) -> bool:
        if place.open < most:
            return True
        self._count(reason)
        oldest = place.oldest()
        if oldest is None:
            return False
        self.leaves(oldest)
        oldest.end()
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
