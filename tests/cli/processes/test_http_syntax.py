"""What is wrong by the rules of HTTP is refused once, and ends in no traceback."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.service import Running, Service

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BAD = {
    "no request": b"\x00\x01\r\n\r\n",
    "a chunk without a size": b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    "two lengths": b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
}


@pytest.fixture
def errors() -> Iterator[list[logging.LogRecord]]:
    """What the server logs that is worse than a warning, or advice to whoever installs it."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno > logging.WARNING or "WebSocket" in record.getMessage():
                records.append(record)

    kept, log = Keep(), logging.getLogger("uvicorn.error")
    log.addHandler(kept)
    yield records
    log.removeHandler(kept)


async def answers(url: str, sent: bytes) -> bytes:
    """All that the server sends until it closes the connection."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(sent)
    async with asyncio.timeout(10):
        received = await reader.read()
    writer.close()
    return received


def statuses(received: bytes) -> list[int]:
    """Those of the answers, in their order."""
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("sent", BAD.values(), ids=BAD)
async def test_what_is_no_request_by_the_rules_of_http_is_a_problem(
    listening: Running, errors: list[logging.LogRecord], sent: bytes
) -> None:
    closing = sent.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n")
    head, _, body = (await answers(listening.url, closing)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    problem: dict[str, Any] = json.loads(body)
    assert (problem["type"], problem["status"]) == ("/problems/bad_request", 400)
    assert problem["hint"]
    assert not errors


async def test_http_1_0_needs_no_host(listening: Running) -> None:
    assert statuses(await answers(listening.url, b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize("bad", ["no request", "a chunk without a size"])
async def test_a_request_is_answered_before_what_comes_after_it_is_refused(
    listening: Running, errors: list[logging.LogRecord], bad: str
) -> None:
    """A caller takes the first answer for that of its first request."""
    assert statuses(await answers(listening.url, GET + GET + BAD[bad])) == [200, 200]
    assert not errors


@pytest.mark.parametrize("name", ["websocket", "h2c"])
async def test_another_protocol_is_not_spoken_and_not_recommended(
    listening: Running, errors: list[logging.LogRecord], name: str
) -> None:
    upgrade = GET.replace(
        b"\r\n\r\n", f"\r\nConnection: Upgrade\r\nUpgrade: {name}\r\n\r\n".encode()
    )
    assert statuses(await answers(listening.url, GET + upgrade + b"any bytes")) == [200, 200]
    assert not errors


@pytest.mark.parametrize("how", ["end", "reset", "nonsense"])
async def test_pipelined_requests_whose_caller_goes_end_without_a_traceback(
    listening: Running, service: Service, errors: list[logging.LogRecord], how: str
) -> None:
    token = await service.token("probation-13")
    poll = "GET /v1/inbox?after=999999&wait=20 HTTP/1.1\r\nHost: x\r\n"
    poll += f"Authorization: Bearer {token}\r\n\r\n"
    parts = urlsplit(listening.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(2 * poll.encode() + GET)
    tasks = listening.server.server_state.tasks
    await until(lambda: bool(tasks))
    if how == "end":
        writer.write_eof()
    elif how == "nonsense":
        writer.write(BAD["no request"])
        writer.write_eof()
    else:
        writer.transport.abort()
    await until(lambda: not tasks)
    writer.close()
    assert not errors


async def until(holds: Any) -> None:
    """Wait for what happens in the thread of the server."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 -- another thread's
            await asyncio.sleep(0.01)
