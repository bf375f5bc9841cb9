"""The calls that wait for an inbox: how many there may be, and which is answered early."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_WAITING = 64
"""Calls of one agency that wait for its inbox at a time, in one process. More of them would take
the connections that others need; they are answered at once."""
MOST_OF_A_CLIENT = 48
"""Calls of one of its clients that do, so that it leaves some to the others."""
MOST_IN_ALL = 2_048
"""Calls of all agencies that do. For one more, the one that has waited longest is answered."""


@dataclass(frozen=True, slots=True)
class Poller:
    """Who waits, from where."""

    agency: str
    client: str
    address: str


@dataclass(eq=False, slots=True)
class _Call:
    """A call that waits for `event`, and ends its wait once `is_ended` says so."""

    poller: Poller
    event: asyncio.Event
    is_ended: bool = False


class WaitingCalls:
    """The calls of one process that wait, the one that has waited longest first."""

    def __init__(self) -> None:
        self._calls: dict[_Call, None] = {}
        self._by_address: dict[str, dict[_Call, None]] = {}
        self._counts: Counter[tuple[str, ...]] = Counter()

    def may_wait(self, poller: Poller) -> bool:
        """Whether one more call of this client may wait."""
        agency, client = _count_keys(poller)
        return self._counts[agency] < MOST_WAITING and self._counts[client] < MOST_OF_A_CLIENT

    @contextmanager
    def waiting(self, poller: Poller, event: asyncio.Event) -> Iterator[_Call]:
        """Let a call wait for `event` during the block."""
        if len(self._calls) >= MOST_IN_ALL:
            self.answer_oldest(None)
        call = _Call(poller, event)
        self._calls[call] = None
        self._by_address.setdefault(poller.address, {})[call] = None
        self._counts.update(_count_keys(poller))
        try:
            yield call
        finally:
            self._forget(call)
            for key in _count_keys(poller):
                self._counts[key] -= 1
                if not self._counts[key]:
                    del self._counts[key]

    def answer_oldest(self, address: str | None) -> bool:
        """Answer the call from this address (None: from any) that has waited longest, if any."""
        calls = self._calls if address is None else self._by_address.get(address, {})
        oldest = next(iter(calls), None)
        if oldest is None:
            return False
        self._forget(oldest)
        oldest.is_ended = True
        oldest.event.set()
        return True

    def _forget(self, call: _Call) -> None:
        self._calls.pop(call, None)
        here = self._by_address.get(call.poller.address, {})
        here.pop(call, None)
        if not here:
            self._by_address.pop(call.poller.address, None)


def _count_keys(poller: Poller) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return ("agency", poller.agency), ("client", poller.agency, poller.client)
