"""Requests are limited in size, time and number, whoever sends them."""

import asyncio
import itertools
import json
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from app.adapters.inbox import waiting as waiting_calls
from app.adapters.inbox.inboxes import Inboxes
from app.api.wire import rates
from app.cli.processes import arrivals, http_limits
from app.cli.processes import connections as connections_module
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
        check_problem(await reader.read(), "head_too_large")
    writer.close()


def check_problem(answer: bytes, code: str) -> None:
    """Check that bytes are one whole answer with this problem."""
    head, _, content = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode("ascii").split("\r\n")
    headers = dict(field.split(": ") for field in fields)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(content)
    problem = json.loads(content)
    assert problem["type"] == f"/problems/{code}"
    assert {"title", "detail", "hint", "instance"} < problem.keys()
    assert status.startswith(f"HTTP/1.1 {problem['status']} ")


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
        check_problem(answer, "too_slow")
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
        assert connections.admit(each, "192.0.2.1") == 0.0
        connections.begins(each)
        connections.waits(each)
    for each in opened:
        assert connections.admit(each, "192.0.2.9") == 0.0
    assert all(each.ended for each in answered)
    assert not any(each.ended for each in opened)


class _Ended:
    """A connection that remembers whether it was ended."""

    ended = False
    lingers = False
    new = True
    reason: str | None = None

    def is_new(self) -> bool:
        return self.new

    def linger(self) -> None:
        self.lingers = True

    def overdue(self, now: float) -> str | None:  # noqa: ARG002 -- whenever it is told
        return self.reason

    def is_unread(self) -> bool:
        return False

    def end(self) -> None:
        self.ended = True

    def time_out(self) -> None:
        self.ended = True


class Time:
    """A clock that is set."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def _many(count: int) -> list[_Ended]:
    return [_Ended() for _ in range(count)]


def test_new_connections_of_one_address_are_read_one_after_the_other() -> None:
    clock = Time()
    limits = ConnectionLimits(5_000, 5_000, unlimited=lambda address: address == "192.0.2.99")
    connections = Connections(limits, lambda _: None, clock=clock)
    step = 1 / arrivals.A_SECOND
    delays = [connections.admit(each, "192.0.2.1") for each in _many(arrivals.AT_ONCE + 3)]
    assert delays[: arrivals.AT_ONCE] == pytest.approx([0.0] * arrivals.AT_ONCE)
    assert delays[arrivals.AT_ONCE :] == pytest.approx([step, 2 * step, 3 * step])
    assert connections.admit(_Ended(), "192.0.2.2") == 0.0
    assert {connections.admit(each, "192.0.2.99") for each in _many(500)} == {0.0}
    clock.now += 1.0
    assert connections.admit(_Ended(), "192.0.2.1") == 0.0
    late = [connections.admit(each, "192.0.2.1") for each in _many(3_000)]
    assert late[-1] == pytest.approx(arrivals.LONGEST_DELAY)
    clock.now += 60.0
    connections.end_overdue(clock.now)
    assert not connections._arrivals._read_by


@pytest.mark.parametrize("fault", ["too slow", "made room", "no request"])
def test_what_connections_did_delays_the_next_ones_of_their_address(fault: str) -> None:
    clock, reasons = Time(), Counter[str]()
    connections = Connections(
        ConnectionLimits(500, 20), lambda reason: reasons.update([reason]), clock=clock
    )
    opened = _many(20)
    for each in opened:
        assert connections.admit(each, "192.0.2.1") == 0.0
    for each in opened:
        if fault == "too slow":
            each.reason = "body"
        elif fault == "no request":
            connections.count_fault(each, "syntax")
    if fault == "made room":
        assert None not in {connections.admit(each, "192.0.2.1") for each in _many(15)}
    connections.end_overdue(clock.now)
    assert reasons == {
        "too slow": {"body": 20}, "no request": {"syntax": 20}, "made room": {"address": 15}
    }[fault]  # fmt: skip
    late = connections.admit(_Ended(), "192.0.2.1")
    assert late is not None
    assert late > 0.2
    assert connections.admit(_Ended(), "192.0.2.2") == 0.0


def test_what_was_never_answered_makes_room_and_is_closed_later() -> None:
    clock = Time()
    connections = Connections(ConnectionLimits(200, 30), lambda _: None, clock=clock)
    first, next_ones = _many(30), _many(30)
    for each in (*first, *next_ones):
        assert connections.admit(each, "192.0.2.1") is not None
    assert all(each.lingers and not each.ended for each in first)
    assert len(connections) == 60
    clock.now += connections_module.LINGERS
    connections.end_overdue(clock.now)
    assert not any(each.ended for each in first)
    clock.now += 0.1
    connections.end_overdue(clock.now)
    assert all(each.ended for each in first)
    assert not any(each.ended or each.lingers for each in next_ones)
    assert len(connections) == 30


def test_no_more_than_so_many_are_closed_in_a_second() -> None:
    clock = Time()
    connections = Connections(ConnectionLimits(5_000, 300), lambda _: None, clock=clock)
    opened = _many(600)
    for each in opened:
        connections.admit(each, "192.0.2.1")
        clock.now += 1 / arrivals.A_SECOND
    clock.now += 10 * connections_module.LINGERS
    connections.end_overdue(clock.now)
    assert sum(each.ended for each in opened) == connections_module.CLOSED_A_SECOND
    for each in opened[300:]:
        each.reason = "head"
    connections.end_overdue(clock.now)
    assert sum(each.ended for each in opened[300:]) == connections_module.OVERDUE_A_SECOND


def test_what_lingers_makes_room_for_everybody() -> None:
    connections = Connections(ConnectionLimits(40, 30), lambda _: None, clock=Time())
    flood = _many(60)
    for each in flood:
        connections.admit(each, "192.0.2.1")
    others = _many(10)
    for each in others:
        assert connections.admit(each, "192.0.2.2") == 0.0
    assert len(connections) == 40
    assert not any(each.ended or each.lingers for each in others)
    assert sum(not each.lingers and not each.ended for each in flood) == 30


def test_what_is_not_read_yet_makes_room_for_others_and_not_for_its_own_address() -> None:
    connections = Connections(ConnectionLimits(40, 30), lambda _: None, clock=Time())
    connections._arrivals._add("192.0.2.1", 5_000)
    held = _many(30)
    for each in held:
        assert connections.admit(each, "192.0.2.1") == pytest.approx(arrivals.LONGEST_DELAY)
    late = _Ended()
    assert connections.admit(late, "192.0.2.1") is None
    assert late.lingers
    others = _many(20)
    for each in others:
        assert connections.admit(each, "192.0.2.2") == 0.0
    assert late.ended
    assert sum(each.ended for each in held) == 10
    assert not any(each.ended or each.lingers for each in others)


def test_an_answered_connection_that_makes_room_is_closed_at_once() -> None:
    connections = Connections(ConnectionLimits(40, 1), lambda _: None)
    answered = _Ended()
    answered.new = False
    assert connections.admit(answered, "192.0.2.1") == 0.0
    assert connections.admit(_Ended(), "192.0.2.1") == 0.0
    assert answered.ended


async def test_a_caller_is_answered_soon_beside_one_that_opens_many(
    small: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "AT_ONCE", 4)
    monkeypatch.setattr(arrivals, "A_SECOND", 2.0)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    began = asyncio.get_running_loop().time()
    opened = [await connect(small.url, "127.0.0.2") for _ in range(10)]
    for _, writer in opened:
        writer.write(request)
    answers = [asyncio.create_task(reader.readline()) for reader, _ in opened]
    reader, writer = await connect(small.url)
    writer.write(request)
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        assert not all(answer.done() for answer in answers)
        lines = await asyncio.gather(*answers)
    assert {line[:13] for line in lines} == {b"HTTP/1.1 200 "}
    assert asyncio.get_running_loop().time() - began > 2.9
    for _, each in (*opened, (reader, writer)):
        each.close()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\n", HALF_A_BODY])
async def test_whoever_opens_another_for_each_that_makes_room_has_to_wait(
    small: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections_module, "LINGERS", 60.0)
    opened = []
    for _ in range(30):
        opened.append(await connect(small.url))
        opened[-1][1].write(sent)
    await _until(lambda: len(small.server._connections._lingering) == 10)
    ends = [asyncio.create_task(reader.read()) for reader, _ in opened]
    done, _ = await asyncio.wait(ends[:10], timeout=1.5)
    assert not done
    monkeypatch.setattr(connections_module, "LINGERS", 0.0)
    async with asyncio.timeout(10):
        assert {bytes(await end) for end in ends[:10]} == {b""}
    assert not small.server._connections._lingering
    for end in ends:
        end.cancel()
    for _, writer in opened:
        writer.close()


def _poll(token: str, wait: int) -> bytes:
    head = f"GET /v1/inbox?after=999999&wait={wait} HTTP/1.1\r\nHost: x\r\n"
    return f"{head}Authorization: Bearer {token}\r\n\r\n".encode()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- another thread's
            await asyncio.sleep(0.01)


def _waiting(running: Running) -> int:
    return len(running.app.state.dependencies[Inboxes].waiting._calls)


def _has_room(running: Running) -> bool:
    """Whether no more is under way than should be, from anywhere."""
    connections = running.server._connections
    places = (connections._everywhere, *connections._places.copy().values())
    return all(place.room_for_work() >= 0 for place in places)


@pytest.mark.parametrize(("polls", "addresses"), [(20, 1), (48, 3)])
async def test_long_polls_end_early_before_a_new_call_is_refused(
    small: Running, service: Service, polls: int, addresses: int
) -> None:
    token = await service.token("probation-13")
    opened = []
    for n in range(polls):
        opened.append(await connect(small.url, f"127.0.0.{1 + n % addresses}"))
        opened[-1][1].write(_poll(token, 25))
    await _until(lambda: _waiting(small) >= polls * 2 // 3)
    await _until(lambda: _has_room(small))
    calls = {
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
        _poll(token, 0),
    }
    async with asyncio.timeout(10):
        for _ in range(6):
            for call in calls:
                await _until(lambda: _has_room(small))  # the poll that ended early is answered
                reader, writer = await connect(small.url)
                opened.append((reader, writer))
                writer.write(call)
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        head = await opened[0][0].readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert (await opened[0][0].readexactly(10)) == b'{"items":['
    for _, writer in opened:
        writer.close()


async def test_what_finds_no_room_is_told_so_and_health_is_answered(
    small: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await service.token("probation-13")
    monkeypatch.setattr(waiting_calls.WaitingCalls, "answer_oldest", lambda *_: False)
    polls = [await connect(small.url) for _ in range(18)]
    for _, writer in polls:
        writer.write(_poll(token, 20))
    await _until(lambda: _waiting(small) == 18)
    for language, call in (("ja", "GET /v1/me"), ("en", "GET /v1/me"), ("ja", "POST /v1/acts")):
        reader, writer = await connect(small.url)
        head = f"{call} HTTP/1.1\r\nHost: x\r\nAccept-Language: {language}\r\n"
        writer.write(f"{head}Authorization: Bearer {token}\r\nContent-Length: 2\r\n\r\n".encode())
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in answer
        assert b"content-type: application/problem+json" in answer
        assert b"connection: close" in answer
        writer.close()
    for path in ("healthz", "readyz"):
        reader, writer = await connect(small.url)
        writer.write(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
    for _, writer in polls:
        writer.close()


async def test_half_sent_bodies_make_room_for_whole_requests(
    small: Running, service: Service
) -> None:
    half = []
    for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
        for _ in range(20):
            half.append(await connect(small.url, address))
            half[-1][1].write(HALF_A_BODY)
    token = await service.token("probation-13")
    for address in ("127.0.0.1", "127.0.0.9"):
        reader, writer = await connect(small.url, address)
        writer.write(_poll(token, 0))
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        half.append((reader, writer))
    for _, writer in half:
        writer.close()


async def connect_without_buffer(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection of which the kernel takes no megabytes that nobody reads."""
    parts = urlsplit(url)
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    own.connect((parts.hostname, parts.port))
    own.setblocking(False)
    return await asyncio.open_connection(sock=own)


async def test_answers_that_nobody_reads_make_room(
    small: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "UNREAD_TIME", 0.0)
    monkeypatch.setattr(rates, "STRANGERS_AT_ONCE", 100)
    token = await service.token("probation-13")
    opened = [await connect_without_buffer(small.url) for _ in range(18)]
    for _, writer in opened:
        writer.write(b"GET /assets/redoc.standalone.js HTTP/1.1\r\nHost: x\r\n\r\n" * 8)
    working = small.server._connections._everywhere.working
    await _until(lambda: sum(each.is_unread() for each in list(working)) == 18)
    for _ in range(4):
        opened.append(await connect(small.url))
        reader, writer = opened[-1]
        writer.write(_poll(token, 0))
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    for _, writer in opened:
        writer.close()


@pytest.mark.parametrize("token", ["none", "wrong", "right"])
async def test_a_body_has_the_time_of_strangers_unless_the_token_is_valid(
    listening: Running, service: Service, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setattr(http_limits, "BODY_TIME_OF_STRANGERS", 0.2)
    monkeypatch.setattr(http_limits, "BODY_TIME", 20.0)
    known = {"right": await service.token("probation-13"), "wrong": "x.y.z", "none": ""}[token]
    sign = f"Authorization: Bearer {known}\r\n" if known else ""
    path = "/oauth/token" if token == "none" else "/v1/acts"
    kind = "application/x-www-form-urlencoded" if token == "none" else "application/json"
    reader, writer = await connect(listening.url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{sign}"
    writer.write(f"{head}Content-Length: 9\r\n\r\n{{".encode())
    ended = asyncio.create_task(reader.read())
    done, _ = await asyncio.wait({ended}, timeout=10 if token != "right" else 2.5)
    assert bool(done) == (token != "right")
    ended.cancel()
    writer.close()


async def test_whoever_goes_on_over_its_limit_is_answered_after_pauses(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "PAUSE", 0.4)
    settings = service.settings.model_copy(update={"stranger_rate_limit": 3})
    with serve_in_thread(settings, service.clock) as limited:
        reader, writer = await connect(limited.url)
        request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n"
        statuses, times = [], []
        async with asyncio.timeout(20):
            for pipelined in (1, 1, 1, 1, 2, 1):
                writer.write(request * pipelined)
                for _ in range(pipelined):
                    statuses.append(await _status(reader))
                    times.append(asyncio.get_running_loop().time())
        writer.close()
    assert statuses == [200, 200, 200, 429, 429, 429, 429]
    assert all(later - one > 0.35 for one, later in itertools.pairwise(times[3:]))


async def _status(reader: asyncio.StreamReader) -> int:
    status = int((await reader.readline()).split()[1])
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return status


async def test_no_more_calls_of_an_agency_wait_than_leave_room_for_others(
    small: Running, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_calls, "MOST_WAITING", 5)
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
