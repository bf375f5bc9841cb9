"""A receiver of notices, whose answers a test chooses: also hostile ones."""

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from standardwebhooks.webhooks import Webhook as Verifier

from app.domain.webhooks.notices import proof, secret_bytes

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int
    """The connection it came on, counted from 1. Never the same number for two."""

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def position(self) -> int:
        position: int = json.loads(self.body)["data"]["position"]
        return position

    def verify(self, secret: str) -> Any:
        """The content, if the public verifier of Standard Webhooks accepts the signature."""
        return Verifier(secret).verify(self.body, self.headers)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[bytes | None]]


def saying(status: str, *headers: str, body: bytes = b"") -> Answer:
    """An answer of that status line."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", "")
    content = "\r\n".join(lines).encode() + body

    async def answer(_request: Received, _writer: asyncio.StreamWriter) -> bytes:
        return content

    return answer


def failing(times: int, status: str = "500 Broken") -> Answer:
    """Refuses each notice so many times."""
    seen: Counter[str] = Counter()
    refuse = saying(status)

    async def answer(request: Received, writer: asyncio.StreamWriter) -> bytes | None:
        seen[request.id] += 1
        return OK if seen[request.id] > times else await refuse(request, writer)

    return answer


def proving(secret: str) -> Answer:
    """Answers challenges with a proof, and takes everything else."""

    async def answer(request: Received, _writer: asyncio.StreamWriter) -> bytes:
        content = json.loads(request.body)
        if content["type"] != "webhook.challenge":
            return OK
        given = proof(secret_bytes(secret), content["data"]["challenge"])
        body = json.dumps({"proof": given}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    return answer


async def hanging(_request: Received, _writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def closing(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Closes the connection in the middle of its headers."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-")
    writer.close()


async def dripping(_request: Received, writer: asyncio.StreamWriter) -> None:
    """Sends headers without an end, so that no read ever times out."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


@dataclass
class Receiver:
    """Listens on this machine; `answer` may be changed at any time."""

    answer: Answer = field(default_factory=lambda: saying("204 No Content"))
    tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    written: int = 0
    """Bytes of large answers that went out."""
    under_way: int = 0
    most_under_way: int = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = count(1)
        self._arrived = asyncio.Event()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._open:
            writer.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def until(self, many: int, seconds: float = 10.0) -> list[Received]:
        """The requests received, as soon as there are `many`."""
        async with asyncio.timeout(seconds):
            while len(self.received) < many:
                self._arrived.clear()
                await self._arrived.wait()
        return self.received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        connection = next(self._connections)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await self._read(reader, connection)
                self.received.append(request)
                self._arrived.set()
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    content = await self.answer(request, writer)
                finally:
                    self.under_way -= 1
                if content is not None:
                    writer.write(content)
                    await writer.drain()
        self._tasks.discard(task)
        self._open.discard(writer)
        writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        lines = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Received(head[0].split()[1], headers, body, time.time(), connection)

    async def huge(self, _request: Received, writer: asyncio.StreamWriter) -> None:
        """Answers 5 MB."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
        for _ in range(500):
            writer.write(b"x" * 10_000)
            await writer.drain()
            self.written += 10_000
