"""Long polls: how soon the waiting ones are answered after a message, as a process of its own.

The commit lies between the moment a message is sent and the moment it is answered. The time from
its sending is therefore an upper bound of the time from the commit; both are measured.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from uuid import uuid4

import uvloop

from bench.load import FRESH, content_length, quantile

SETTLING = 0.05
"""Seconds after which all long polls are waiting."""


@dataclass(frozen=True)
class Waiting:
    """How many long polls wait, for which message, how often."""

    port: int
    waiting: int
    rounds: int
    message: str
    poll: str
    """A poll that waits; `{after}` stands for the position."""
    after: int


@dataclass(frozen=True)
class WakeTimes:
    """Milliseconds until the long polls were answered."""

    since_sent_p50: float
    since_sent_p99: float
    since_answer_p50: float
    since_answer_p99: float
    """Since the sender's own answer; negative if a poll was answered first."""
    slowest: float
    """Since it was sent."""


class Line:
    """One connection."""

    def __init__(self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self._reader, self._writer = streams

    def send(self, request: str) -> None:
        """Send a request."""
        self._writer.write(request.encode())

    async def answer(self) -> tuple[float, bytes]:
        """When the answer was there, and its body.

        Raises:
            RuntimeError: it is not a good one.
        """
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(content_length(head))
        if not head[9:12].startswith(b"2"):
            raise RuntimeError(f"{head[9:12].decode()} {body[:400].decode()}")
        return time.perf_counter(), body


async def measure(work: Waiting) -> WakeTimes:
    """Wait and send, for the given number of rounds."""
    lines = [
        Line(await asyncio.open_connection("127.0.0.1", work.port, limit=2**20))
        for _ in range(work.waiting + 1)
    ]
    sender, waiting = lines[0], lines[1:]
    after = work.after
    since_sent: list[float] = []
    since_answer: list[float] = []
    for _ in range(work.rounds):
        for line in waiting:
            line.send(work.poll.replace("{after}", str(after)))
        await asyncio.sleep(SETTLING)
        sent = time.perf_counter()
        sender.send(work.message.replace(FRESH, str(uuid4())))
        (answered, _), *wake_ups = await asyncio.gather(*(line.answer() for line in lines))
        since_sent += [(at - sent) * 1000 for at, _ in wake_ups]
        since_answer += [(at - answered) * 1000 for at, _ in wake_ups]
        after = json.loads(wake_ups[0][1])["next"]
    since_sent.sort()
    since_answer.sort()
    return WakeTimes(
        quantile(since_sent, 0.5),
        quantile(since_sent, 0.99),
        quantile(since_answer, 0.5),
        quantile(since_answer, 0.99),
        since_sent[-1],
    )


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(measure(Waiting(**json.load(sys.stdin)))))))
