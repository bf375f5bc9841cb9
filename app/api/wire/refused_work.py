"""Clients whose calls are refused one after the other: their next calls begin later.

A refusal costs about as much as an answer, and a limit of calls ends it only after many. Here its
time is counted, of which a client gets a small share.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.api.wire.rates import CLIENTS_OF_AN_AGENCY
from app.domain.access.caller import Caller
from app.domain.errors import TooMany

REFUSAL = 0.002
"""Seconds that a refused call counts, besides those in which its body was read."""
SHARE = 0.1
"""The part of all time in which one client is refused. The clients of an agency together have
`CLIENTS_OF_AN_AGENCY` times as much."""
FREE = 2.0
"""Seconds for which a client may be ahead of its share: a hundred refusals at once."""
LONGEST_WAIT = 5.0
"""Seconds that a call waits at most; one that would wait longer is refused at once."""
LONGEST_DEBT = 60.0
"""Seconds after which nothing is left of whatever was refused."""
READING = "reading"
"""In the state of a request: its `ReadingTime`, if its body was read."""
WAITED = "waited"
"""In the state of a request: what `RefusedWork.wait` returned."""


class ReadingTime:
    """How long the body of a call has been read."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock` is that of the processor where a thread reads, which waits for others. The loop
        reads a body in one go: there any clock will do, and this one takes no system call."""
        self._clock = clock
        self.seconds = 0.0

    @contextmanager
    def count(self) -> Iterator[None]:
        """Count the block."""
        began = self._clock()
        try:
            yield
        finally:
            self.seconds += self._clock() - began


class RefusedWork:
    """What was refused to each client lately, as the time until it has its share again."""

    def __init__(self, *, counts: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        """Without `counts`, nothing is counted and nobody waits."""
        self._counts = counts
        self._clock = clock
        self._even_at: dict[str, float] = {}
        """When a client or an agency has had no more than its share."""

    async def wait(self, caller: Caller) -> bool:
        """Wait until the client and its agency have nearly their share again, if they do not.

        Returns:
            Whether it waited. Such a call is counted as refused from the beginning, so that those
            who wait go on one after the other; `settle` takes that back if it was not.

        Raises:
            TooMany: it would take too long.
        """
        ends = max(self._even_at.get(key, 0.0) for key in _shares(caller)) - FREE
        seconds = ends - self._clock()
        if seconds <= 0:
            return False
        if seconds > LONGEST_WAIT:
            raise TooMany(math.ceil(seconds))
        self._add(caller, REFUSAL)
        await asyncio.sleep(seconds)
        return True

    def settle(self, caller: Caller, reading: float, *, refused: bool, waited: bool) -> None:
        """Count a call that has ended.

        Args:
            reading: seconds in which its body was read.
            waited: what `wait` returned.
        """
        seconds = (REFUSAL + reading if refused else 0.0) - (REFUSAL if waited else 0.0)
        if self._counts and seconds:
            self._add(caller, seconds)

    def _add(self, caller: Caller, seconds: float) -> None:
        now = self._clock()
        self._forget(now)
        for key, share in _shares(caller).items():
            debt = max(0.0, self._even_at.pop(key, now) - now) + seconds / share
            self._even_at[key] = now + min(debt, LONGEST_DEBT)

    def _forget(self, now: float) -> None:
        """Remove those that come first, as long as there is nothing left of what was refused."""
        while (first := next(iter(self._even_at), None)) and self._even_at[first] <= now:
            del self._even_at[first]


def _shares(caller: Caller) -> dict[str, float]:
    return {
        f"client/{caller.client_id}": SHARE,
        f"agency/{caller.agency_id}": SHARE * CLIENTS_OF_AN_AGENCY,
    }
