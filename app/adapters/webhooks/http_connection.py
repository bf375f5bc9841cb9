"""A connection to a receiver of notices: HTTP/1.1, one request at a time, little of it believed.

A client of our own, since a general one costs several times what a notice does, and would look up
names by itself: here the address is given, and it is the one that was checked.
"""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools

MOST_READ = 64 * 1024
"""Bytes of an answer that are read, headers and body each; then the connection is closed."""
KEPT = 1024
"""Bytes of an answer that are kept for the agency to look at."""
_LONGEST_WAIT = 200
"""Characters of a Retry-After."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said."""

    status: int
    start: bytes
    """The first KiB of the body."""
    retry_after: str | None


class Connection(asyncio.Protocol):
    """A connection that can be used again while `is_idle`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._retry_after: str | None = None
        self._begin()

    @property
    def is_idle(self) -> bool:
        """Whether another request may be sent over it."""
        return (
            self._waiting is None
            and self._transport is not None
            and not self._transport.is_closing()
        )

    async def post(self, request: bytes, patience: float) -> Answer:
        """Send a whole request, and wait for the answer.

        An answer whose status has been said counts, even if the rest never comes.

        Raises:
            TimeoutError: nothing was answered in `patience` seconds.
            ConnectionError: the connection ended, or what came is not HTTP.
        """
        if self._transport is None:
            raise ConnectionError("not connected")
        self._begin()
        self._waiting = self._loop.create_future()
        late = self._loop.call_later(patience, self._end, TimeoutError())
        self._transport.write(request)
        try:
            return await self._waiting
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            late.cancel()
            self._waiting = None

    def close(self) -> None:
        """Leave at once, whatever is still to come."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to write to."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        """Read on. What nobody asked for ends the connection."""
        if self._waiting is None:
            self.close()
            return
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(ConnectionError("not HTTP"))
            return
        if self._read >= MOST_READ:
            self._end(ConnectionError("too much"))

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever waits gets what there is."""
        self._end(ConnectionError("closed"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take note of how long to wait; no other header matters."""
        if name.lower() == b"retry-after":
            self._retry_after = value[:_LONGEST_WAIT].decode("latin-1")

    def on_headers_complete(self) -> None:
        """The status counts from here on."""
        self._status = self._parser.get_status_code()
        self._read = 0

    def on_body(self, body: bytes) -> None:
        """Keep the beginning."""
        self._start += body[: KEPT - len(self._start)]

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was only an interim one."""
        if self._status < 200:
            self._status = 0
        elif self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer())
            if not self._parser.should_keep_alive():
                self.close()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status = self._read = 0
        self._start = b""
        self._retry_after = None

    def _answer(self) -> Answer:
        return Answer(self._status, self._start, self._retry_after)

    def _end(self, error: Exception) -> None:
        """Let go whoever waits, with the answer if its status was said, and leave."""
        if self._waiting is not None and not self._waiting.done():
            if self._status >= 200:
                self._waiting.set_result(self._answer())
            else:
                self._waiting.set_exception(error)
        self.close()
