"""The load: a process of its own that keeps some connections busy with prepared requests.

A closed loop: each connection sends its next request when it has the last answer, so latencies
under load are those of a saturated service. Reads what to do from standard input, writes `begin`
and `end` around the measured time and then what it measured, as JSON.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import cast
from uuid import uuid4

import uvloop

FRESH = "ffffffff-ffff-4fff-bfff-ffffffffffff"
"""Placeholder in a request, replaced by a new id each time it is sent."""
LONGEST_ANSWER = 30.0
"""Seconds that are measured at most until the first answer, on a machine that is busy."""


@dataclass(frozen=True)
class Load:
    """The requests, over how many connections, for how long."""

    port: int
    connections: int
    warm_up: float
    seconds: float
    requests: list[str]


@dataclass(frozen=True)
class Outcome:
    """What was measured between `begin` and `end`."""

    count: int
    seconds: float
    p50: float
    """Milliseconds."""
    p99: float
    client_cpu: float
    """Seconds of this process."""
    refused: int
    first_refusal: str


class Tally:
    """Counts the answers."""

    def __init__(self, requests: list[str]) -> None:
        self._requests = cycle([text.encode().split(FRESH.encode()) for text in requests])
        self.measuring = False
        self.stopped = False
        self.answered = asyncio.Event()
        """Whether a request was answered, or refused, while measuring."""
        self.milliseconds: list[float] = []
        self.refused = 0
        self.first_refusal = ""

    def next_request(self) -> bytes:
        """The next request, with a new id if it needs one."""
        parts = next(self._requests)
        return parts[0] if len(parts) == 1 else str(uuid4()).encode().join(parts)

    def count_answer(self, status: bytes, body: bytes, since: float) -> None:
        """Count an answer."""
        if not status.startswith(b"2"):
            self.refused += 1
            self.first_refusal = self.first_refusal or f"{status.decode()} {body[:400].decode()}"
        elif self.measuring:
            self.milliseconds.append((time.perf_counter() - since) * 1000)
        if self.measuring:
            self.answered.set()


class Connection(asyncio.Protocol):
    """One connection, which always has a request under way."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Buffer the data; when the answer is complete, send the next request."""
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if separator and len(body) >= content_length(head):
            self._buffer = b""
            self._tally.count_answer(head[9:12], body, self._sent)
            self._send()

    def _send(self) -> None:
        if self._tally.stopped:
            self._transport.close()
            return
        request = self._tally.next_request()
        self._sent = time.perf_counter()
        self._transport.write(request)


def content_length(head: bytes) -> int:
    """The Content-Length of a head. uvicorn writes header names in lower case."""
    place = head.find(b"content-length:")
    return int(head[place + 15 :].partition(b"\r\n")[0]) if place >= 0 else 0


async def measure(load: Load, say: Callable[[str], None]) -> Outcome:
    """Send for the given time, and until a request is answered, and count the answers."""
    tally = Tally(load.requests)
    loop = asyncio.get_running_loop()
    for _ in range(load.connections):
        await loop.create_connection(lambda: Connection(tally), "127.0.0.1", load.port)
    await asyncio.sleep(load.warm_up)
    tally.measuring = True
    say("begin")
    began, cpu = time.perf_counter(), _cpu()
    await asyncio.sleep(load.seconds)
    with suppress(TimeoutError):
        await asyncio.wait_for(tally.answered.wait(), LONGEST_ANSWER)
    tally.measuring = False
    took, cpu = time.perf_counter() - began, _cpu() - cpu
    say("end")
    tally.stopped = True
    ordered = sorted(tally.milliseconds)
    return Outcome(
        count=len(ordered),
        seconds=took,
        p50=quantile(ordered, 0.50),
        p99=quantile(ordered, 0.99),
        client_cpu=cpu,
        refused=tally.refused,
        first_refusal=tally.first_refusal,
    )


def quantile(ordered: list[float], share: float) -> float:
    """The value below which this share of the values lies; NaN if there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    _say(json.dumps(asdict(uvloop.run(measure(Load(**json.load(sys.stdin)), _say)))))
