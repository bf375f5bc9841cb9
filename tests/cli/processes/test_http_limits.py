"""Requests are limited in size, time and number, whoever sends them."""

import asyncio
import resource
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from app.adapters.inbox import inboxes
from app.adapters.inbox.inboxes import Inboxes
from app.cli.processes import http_limits
from app.cli.processes.connections import ConnectionLimits, Connections, room_for_connections
from app.cli.processes.http_limits import LONGEST_HEAD
from tests.support.service import Running, Service, serve_in_thread

OPENINGS = {
    "one header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ",
    "its name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "the path": b"GET /",
}


async def connect(
    url: str, address: str = "127.0.0.1"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, local_addr=(address, 0))


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
async def test_headers_without_end_are_not_read_to_their_end(
    listening: Running, opening: bytes
) -> None:
    reader, writer = await connect(listening.url)
    writer.write(opening)
    sent = 0
    try:
        async with asyncio.timeout(20):
            while sent < 100 * LONGEST_HEAD and not reader.at_eof():
                writer.write(b"a" * 16_384)
                await writer.drain()
                sent += 16_384
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert sent < 100 * LONGEST_HEAD


async def test_many_headers_are_too_many_and_are_told_so(listening: Running) -> None:
    reader, writer = await connect(listening.url)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    writer.write(b"".join(b"X-%d: %s\r\n" % (n, b"y" * 100) for n in range(700)))
    async with asyncio.timeout(20):
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
    writer.close()


@pytest.mark.parametrize("size", [2 * LONGEST_HEAD, 6 * LONGEST_HEAD])
async def test_a_long_body_right_after_a_short_head_is_no_long_head(
    listening: Running, size: int
) -> None:
    reader, writer = await connect(listening.url)
    body = b"grant_type=" + b"x" * size
    for _ in range(3):
        request_head = (
            "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: "
            f"{len(body)}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        writer.write(request_head.encode() + body)
        async with asyncio.timeout(20):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()


async def test_many_short_requests_on_one_connection_are_no_long_head(listening: Running) -> None:
    reader, writer = await connect(listening.url)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Y: " + b"z" * 2_000 + b"\r\n\r\n"
    async with asyncio.timeout(20):
        for _ in range(3 * LONGEST_HEAD // len(request)):
            writer.write(request)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()


SLOW = {
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant",
    "half a body where there is no route": b"POST /nothing HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 10\r\n\r\nx",
    "half a body that is not read": b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 10\r\n\r\nx",
    "half of a second head": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
async def test_what_does_not_arrive_in_time_is_not_waited_for(
    listening: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_limits, "HEAD_TIME", 0.5)
    monkeypatch.setattr(http_limits, "BODY_TIME", 0.5)
    reader, writer = await connect(listening.url)
    writer.write(sent)
    async with asyncio.timeout(10):
        if sent.endswith(b"x\r\n\r\n"):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            writer.write(b"GET /heal")
        answer = await reader.read()
    if sent in (SLOW["half a head"], SLOW["half a body"]):
        assert answer.startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_an_answer_that_nobody_reads_is_not_kept(
    listening: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "WRITE_TIME", 0.5)
    _, writer = await connect(listening.url)  # which reads ahead no more than 128 KiB
    for _ in range(30):
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(20):
        while not _seconds_until_ended(listening, "read"):  # noqa: ASYNC110 -- another thread's
            await asyncio.sleep(0.05)
    writer.close()


async def test_a_long_poll_is_not_too_slow_and_neither_is_what_comes_after_it(
    listening: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "HEAD_TIME", 0.5)
    monkeypatch.setattr(http_limits, "BODY_TIME", 0.5)
    token = await service.token("probation-13")
    reader, writer = await connect(listening.url)
    for wait in (3, 0):
        request = f"GET /v1/inbox?after=999999&wait={wait} HTTP/1.1\r\nHost: x\r\n"
        writer.write(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
    writer.close()


def _seconds_until_ended(running: Running, reason: str) -> float:
    value = running.app.state.meters.registry.get_sample_value(
        "tsunagu_connections_ended_total", {"reason": reason}
    )
    return float(value or 0)


@pytest.fixture
def small(service: Service) -> Iterator[Running]:
    """A server that has room for few connections."""
    settings = service.settings.model_copy(
        update={"max_connections": 40, "address_connections": 20}
    )
    with serve_in_thread(settings, service.clock) as running:
        yield running


HALF_A_BODY = (
    b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type="
)


@pytest.mark.parametrize("begun", [b"GET /healthz HTTP/1.1\r\n", HALF_A_BODY], ids=["head", "body"])
async def test_many_connections_without_a_request_keep_nobody_out(
    small: Running, begun: bytes
) -> None:
    writers = []
    try:
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            for n in range(40):
                _, writer = await connect(small.url, address)
                writer.write(begun if n % 2 else b"")
                writers.append(writer)
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.9"):
            async with asyncio.timeout(5):
                reader, writer = await connect(small.url, address)
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
                writer.close()
    finally:
        for writer in writers:
            writer.close()
    assert _seconds_until_ended(small, "address") > 0
    assert _seconds_until_ended(small, "all") > 0


def test_answered_connections_make_room_before_those_that_are_just_opened() -> None:
    connections = Connections(ConnectionLimits(4, 100), lambda _: None)
    answered, opened = [_Ended() for _ in range(4)], [_Ended() for _ in range(4)]
    for each in answered:
        assert connections.admit(each, "192.0.2.1")
        connections.begins(each)
        connections.waits(each)
    for each in opened:
        assert connections.admit(each, "192.0.2.9")
    assert all(each.ended for each in answered)
    assert not any(each.ended for each in opened)


class _Ended:
    """A connection that remembers whether it was ended."""

    ended = False

    def overdue(self, now: float) -> str | None:  # noqa: ARG002 -- never
        return None

    def end(self) -> None:
        self.ended = True

    def time_out(self) -> None:
        self.ended = True


async def test_calls_at_work_make_no_room_for_more(small: Running, service: Service) -> None:
    token = await service.token("probation-13")
    poll = "GET /v1/inbox?after=999999&wait=3 HTTP/1.1\r\nHost: x\r\n"
    poll += f"Authorization: Bearer {token}\r\n\r\n"
    waiting = [await connect(small.url) for _ in range(20)]
    for _, writer in waiting:
        writer.write(poll.encode())
    async with asyncio.timeout(10):
        while small.app.state.dependencies[Inboxes]._bell._waiting.get("probation-13") is None:  # noqa: ASYNC110 -- another thread's
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        reader, writer = await connect(small.url)
        assert await _answer_or_end(reader, writer) == b""
        reader, other = await connect(small.url, "127.0.0.2")
        assert (await _answer_or_end(reader, other)).startswith(b"HTTP/1.1 200 ")
        for reader, _ in waiting:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    for _, each in (*waiting, (None, writer), (None, other)):
        each.close()


async def test_no_more_calls_of_an_agency_wait_than_leave_room_for_others(
    small: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "MOST_WAITING", 5)
    token = await service.token("probation-13")
    poll = "GET /v1/inbox?after=999999&wait=20 HTTP/1.1\r\nHost: x\r\n"
    poll += f"Authorization: Bearer {token}\r\n\r\n"
    connections = [await connect(small.url) for _ in range(12)]
    for _, writer in connections:
        writer.write(poll.encode())
    answers = {asyncio.create_task(reader.readline()) for reader, _ in connections}
    waiting = answers
    async with asyncio.timeout(10):
        while len(waiting) > 5:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert len(waiting) == 5
    assert {(await each)[:13] for each in answers - waiting} == {b"HTTP/1.1 200 "}
    for each in waiting:
        each.cancel()
    for _, writer in connections:
        writer.close()


async def _answer_or_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        return await reader.readline()
    except ConnectionError:
        return b""


def test_the_limit_of_open_files_is_raised_and_told(caplog: pytest.LogCaptureFixture) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, hard), hard))
    try:
        with caplog.at_level("INFO", "uvicorn.error"):
            assert room_for_connections(100) == 100
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
        assert str(hard) in caplog.text
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
