"""How soon new connections from one address are read, when many come one after the other."""

import time
from collections.abc import Callable

AT_ONCE = 50
"""New connections of one address that are read at once."""
A_SECOND = 200.0
"""How many are read in a second after that: one client without kept connections may make half as
many calls. To answer them costs a fifth of a core, whatever they want."""
OF_A_FAULT = 5
"""As how many more a connection counts that was ended for what it did, or whose caller goes on
after a limit of calls."""
LONGEST_DELAY = 5.0
"""Seconds after which a new connection is read in any case."""


class Arrivals:
    """When the connections that came from each address so far will have been read."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._read_by: dict[str, float] = {}

    def delay(self, address: str) -> float:
        """Count a new connection; seconds until it is to be read."""
        return max(0.0, self._add(address, 1) - AT_ONCE / A_SECOND)

    def count_fault(self, address: str) -> None:
        """Count a connection that was ended for what it did."""
        self._add(address, OF_A_FAULT)

    def forget(self) -> None:
        """Remove the addresses from which all has been read. To be called each second."""
        now = self._clock()
        self._read_by = {each: at for each, at in self._read_by.items() if at > now}

    def _add(self, address: str, connections: int) -> float:
        now = self._clock()
        behind = max(0.0, self._read_by.get(address, now) - now) + connections / A_SECOND
        behind = min(behind, AT_ONCE / A_SECOND + LONGEST_DELAY)
        self._read_by[address] = now + behind
        return behind
