"""An HTTP/1.1 connection to a receiver of notices: one request at a time, with bounded answers.

A client of our own, since a general one takes several times the CPU, and would look up names by
itself: this one connects to the address that was checked (against SSRF).
"""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools

MOST_READ = 64 * 1024
"""Bytes of an answer that are read, headers and body each; then the connection is closed."""
KEPT = 1024
"""Bytes of the body that are stored, for the agency to see."""
_LONGEST_WAIT = 200
"""Characters of a Retry-After."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer of a receiver."""

    status: int
    start: bytes
    """The first KiB of the body."""
    retry_after: str | None


class Connection(asyncio.Protocol):
    """A connection that can be used again while `is_idle`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[HttpResponse] | None = None
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

    async def post(self, request: bytes, patience: float) -> HttpResponse:
        """Send a whole request, and wait for the answer.

        An answer counts as soon as its status has come, even if the rest never comes.

        Raises:
            TimeoutError: nothing was answered in `patience` seconds.
            ConnectionError: the connection ended, or the answer is not HTTP.
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
        """Abort the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to write to."""
        self._transport = cast(
            asyncio.Transport, transport
        )  # uvloop's class does not inherit from it

    def data_received(self, data: bytes) -> None:
        """Read on. Data without a request ends the connection."""
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
        """Finish the request that waits with the answer so far."""
        self._end(ConnectionError("closed"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read Retry-After; no other header matters."""
        if name.lower() == b"retry-after":
            self._retry_after = value[:_LONGEST_WAIT].decode("latin-1")

    def on_headers_complete(self) -> None:
        """The status counts from here on."""
        self._status = self._parser.get_status_code()
        self._read = 0

    def on_body(self, body: bytes) -> None:
        """Keep the beginning of the body."""
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

    def _answer(self) -> HttpResponse:
        return HttpResponse(self._status, self._start, self._retry_after)

    def _end(self, error: Exception) -> None:
        """Finish the waiting request: with the answer if its status has come, else with `error`."""
        if self._waiting is not None and not self._waiting.done():
            if self._status >= 200:
                self._waiting.set_result(self._answer())
            else:
                self._waiting.set_exception(error)
        self.close()
