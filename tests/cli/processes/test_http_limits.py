"""The head of a request is limited in size, whoever sends it."""

import asyncio
from urllib.parse import urlsplit

import pytest

from app.cli.processes.http_limits import LONGEST_HEAD
from tests.support.service import Running

OPENINGS = {
    "one header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ",
    "its name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
    "the path": b"GET /",
}


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


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
