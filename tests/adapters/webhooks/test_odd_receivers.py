"""Receivers that keep connections oddly, cut answers off, or speak HTTP in their own way."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from app.adapters.webhooks.lookup import SystemLookup
from app.adapters.webhooks.safe_http import HttpSender
from app.domain.webhooks.notices import Attempt
from tests.adapters.webhooks.conftest import LOOPBACK, Delivery
from tests.support.receiver import Received, Receiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT = 0.4
"""Seconds of an attempt, where one has to run out."""

Step = Callable[["Connection"], Awaitable[None]]


@dataclass
class Connection:
    """A connection of the sender, at the receiver's end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    requests: int = 0

    async def request(self) -> bool:
        """Read a request; whether there was one."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self.requests += 1
        return True

    async def say(self, *parts: bytes, pause: float = 0.0) -> None:
        """Write, in so many pieces."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(pause)

    def reset(self) -> None:
        """End by RST instead of FIN."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Odd:
    """A receiver that does with each connection what a test says."""

    step: Step
    port: int = 0
    requests: int = 0
    connections: list[Connection] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        connection = Connection(reader, writer, len(self.connections))
        self.connections.append(connection)
        try:
            while await connection.request():
                self.requests += 1
                await self.step(connection)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.ended.set()
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


@asynccontextmanager
async def odd(step: Step) -> AsyncIterator[tuple[Odd, Callable[[], Awaitable[Attempt]]]]:
    """A receiver of this kind, and what sends it a notice."""
    receiver = Odd(step)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        async with HttpSender(SystemLookup(), LOOPBACK, timeout=TIMEOUT) as sender:
            yield receiver, lambda: sender.post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
    finally:
        server.close()
        for task in receiver.tasks:
            task.cancel()
        await asyncio.gather(*receiver.tasks, return_exceptions=True)
        await server.wait_closed()


async def close_after(connection: Connection) -> None:
    await connection.say(OK)
    connection.writer.close()


async def close_half_after(connection: Connection) -> None:
    await connection.say(OK)
    connection.writer.write_eof()


async def reset_after(connection: Connection) -> None:
    await connection.say(OK)
    connection.reset()


async def close_at_second(connection: Connection) -> None:
    if connection.number == 0 and _is_second(connection):
        connection.writer.close()
    else:
        await connection.say(OK)


async def reset_at_second(connection: Connection) -> None:
    if connection.number == 0 and _is_second(connection):
        connection.reset()
    else:
        await connection.say(OK)


async def close_half_at_second(connection: Connection) -> None:
    if connection.number == 0 and _is_second(connection):
        connection.writer.write_eof()
    else:
        await connection.say(OK)


async def timeout_at_second(connection: Connection) -> None:
    if connection.number == 0 and _is_second(connection):
        await connection.say(
            b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        connection.writer.close()
    else:
        await connection.say(OK)


async def timeout_while_idle(connection: Connection) -> None:
    await connection.say(OK)
    if connection.number == 0:
        await connection.say(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")


async def close_all_kept(connection: Connection) -> None:
    """Not only the first connection ends at its second request."""
    if _is_second(connection):
        connection.writer.close()
    else:
        await connection.say(OK)


def _is_second(connection: Connection) -> bool:
    return connection.requests == 2


@pytest.mark.parametrize(
    "step",
    [
        close_after,
        close_half_after,
        reset_after,
        close_at_second,
        close_half_at_second,
        reset_at_second,
        timeout_at_second,
        timeout_while_idle,
        close_all_kept,
    ],
)
@pytest.mark.parametrize("pause", [0.0, 0.05])
async def test_a_kept_connection_that_ended_costs_no_failure(step: Step, pause: float) -> None:
    async with odd(step) as (receiver, post):
        for _ in range(4):
            attempt = await post()
            assert (attempt.outcome, attempt.status, attempt.answer) == ("delivered", 200, b"ok")
            await asyncio.sleep(pause)
        assert len(receiver.connections) > 1


async def test_connections_are_kept_for_the_next_notice() -> None:
    async def answer(connection: Connection) -> None:
        await connection.say(OK)

    async with odd(answer) as (receiver, post):
        for _ in range(4):
            assert (await post()).outcome == "delivered"
        assert len(receiver.connections) == 1


async def test_a_notice_is_sent_once_more_and_no_oftener() -> None:
    async def answer_once(connection: Connection) -> None:
        if receiver.requests == 1:
            await connection.say(OK)
        else:
            connection.writer.close()

    async with odd(answer_once) as (receiver, post):
        assert (await post()).outcome == "delivered"
        assert (await post()).outcome == "broken_off"
        assert receiver.requests == 3
        assert (await post()).outcome == "broken_off"
        assert receiver.requests == 4  # a new connection that ends is a failure at once


@pytest.mark.parametrize("reset", [False, True])
async def test_an_answer_that_had_begun_is_not_asked_for_again(reset: bool) -> None:
    async def cut(connection: Connection) -> None:
        if receiver.requests == 1:
            await connection.say(OK)
            return
        await connection.say(b"HTTP/1.1 200 OK\r\nContent-", pause=0.05)
        connection.reset() if reset else connection.writer.close()

    async with odd(cut) as (receiver, post):
        assert (await post()).outcome == "delivered"
        assert (await post()).outcome == "broken_off"
        assert receiver.requests == 2


async def test_a_request_timeout_on_a_new_connection_is_an_answer() -> None:
    async def refuse(connection: Connection) -> None:
        await connection.say(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")

    async with odd(refuse) as (receiver, post):
        attempt = await post()
        assert (attempt.outcome, attempt.status) == ("refused", 408)
        assert receiver.requests == 1


async def test_in_the_deliveries_of_an_agency_it_counts_as_nothing(
    delivery: Delivery, receiver: Receiver
) -> None:
    """With the courier: one attempt a notice, no failure."""
    answered: set[int] = set()

    async def answer_each_connection_once(
        request: Received, writer: asyncio.StreamWriter
    ) -> bytes | None:
        if request.connection in answered:
            writer.close()
            return None
        answered.add(request.connection)
        return b"HTTP/1.1 204 No Content\r\n\r\n"

    receiver.answer = answer_each_connection_once
    hook = await delivery.hook(receiver.url())
    async with delivery.courier(window=1):
        for many in range(1, 6):
            await delivery.send()
            await delivery.until_attempts(hook, many)
    assert await delivery.outcomes(hook) == 5 * ["delivered"]
    row = await delivery.webhooks.read_webhook(hook.caller.agency_id, hook.id)
    assert row["failures"] == 0


def _saying(*parts: bytes, pause: float = 0.0, end: bool = False) -> Step:
    async def step(connection: Connection) -> None:
        await connection.say(*parts, pause=pause)
        if end:
            connection.writer.close()

    return step


async def _endless(connection: Connection) -> None:
    await connection.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        await connection.say(b"x: y\r\n", pause=0.01)


async def _interim_for_ever(connection: Connection) -> None:
    while True:
        await connection.say(500 * b"HTTP/1.1 102 Processing\r\n\r\n")


LINE = b"x-%d: " + 3_000 * b"y" + b"\r\n"

ANSWERS: dict[str, tuple[Step, str, int | None]] = {
    "interim answers": (
        _saying(
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
            OK,
        ),
        "delivered",
        200,
    ),
    "an answer in single bytes": (
        _saying(*(OK[n : n + 1] for n in range(len(OK)))),
        "delivered",
        200,
    ),
    "bare LF": (_saying(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), "delivered", 200),
    "HTTP/1.0 until the end": (_saying(b"HTTP/1.0 200 OK\r\n\r\nok", end=True), "delivered", 200),
    "no reason phrase": (_saying(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), "delivered", 200),
    "a body that is cut off": (
        _saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", end=True),
        "delivered",
        200,
    ),
    "a body that never ends": (
        _saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"),
        "delivered",
        200,
    ),
    "a chunk that is cut off": (
        _saying(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nno", end=True),
        "refused",
        500,
    ),
    "a body that is not gzip": (
        _saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
        "delivered",
        200,
    ),
    "another protocol": (
        _saying(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        "refused",
        101,
    ),
    "cookies": (
        _saying(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"),
        "delivered",
        200,
    ),
    "a line without an end": (
        _saying(b"HTTP/1.1 200 OK\r\nx: " + 9_000 * b"y"),
        "broken_off",
        None,
    ),
    "a huge head": (
        _saying(b"HTTP/1.1 200 OK\r\n", *(LINE % n for n in range(60)), b"\r\n"),
        "broken_off",
        None,
    ),
    "too many lines": (
        _saying(b"HTTP/1.1 200 OK\r\n" + b"".join(b"x%d: y\r\n" % n for n in range(500)) + b"\r\n"),
        "broken_off",
        None,
    ),
    "interim answers for ever": (_interim_for_ever, "broken_off", None),
    "a head that trickles": (_endless, "timeout", None),
    "another language": (_saying(b"SSH-2.0-OpenSSH_9.6\r\n"), "broken_off", None),
    "two lengths": (
        _saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"),
        "broken_off",
        None,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_odd_answer_is_taken_for_what_it_is_in_bounded_time(name: str) -> None:
    step, outcome, status = ANSWERS[name]
    async with odd(step) as (receiver, post):
        began = time.monotonic()
        attempt = await post()
        assert time.monotonic() - began < TIMEOUT + 0.5
        assert (attempt.outcome, attempt.status) == (outcome, status)
        assert receiver.requests == 1
        again = await post()  # whatever was left on the connection is no answer to this
        assert (again.outcome, again.status) == (outcome, status)


async def test_what_is_said_unasked_ends_a_kept_connection() -> None:
    async def speak_unasked(connection: Connection) -> None:
        await connection.say(OK, pause=0.02)
        if connection.number == 0:
            await connection.say(b"HTTP/1.1 500 Oh", pause=0.02)

    async with odd(speak_unasked) as (receiver, post):
        assert (await post()).outcome == "delivered"
        await asyncio.wait_for(receiver.ended.wait(), 1)
        assert (await post()).outcome == "delivered"
        assert len(receiver.connections) == 2


async def test_an_answer_that_follows_at_once_is_not_the_answer_to_the_next_notice() -> None:
    async def answer_twice(connection: Connection) -> None:
        await connection.say(OK + b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")

    async with odd(answer_twice) as (_receiver, post):
        assert [(await post()).status for _ in range(3)] == [200, 200, 200]
