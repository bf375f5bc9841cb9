"""uvicorn's HTTP protocol with limits of size, time and number."""

import asyncio
import json
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.api.wire.gate import HEALTH, KNOWN, NO_ROOM
from app.api.wire.problems.answers import MEDIA_TYPE
from app.api.wire.problems.kinds import KINDS, example
from app.api.wire.rates import GOES_ON
from app.cli.processes.connections import Connections
from app.cli.processes.once_a_minute import warn_once_a_minute
from app.domain.webhooks.addresses import source_network

LONGEST_HEAD = 64 * 1024
"""Bytes of request line and headers. A token has one to two thousand, a DPoP proof up to eight."""
HEAD_TIME = 10.0
"""Seconds in which the head of a request has to arrive: from the opening of the connection, or
from its first byte on a connection that is used again."""
BODY_TIME = 30.0
"""Seconds in which its body has to arrive, whichever route it is for, and if there is one."""
BODY_TIME_OF_STRANGERS = 10.0
"""The same, if the head holds no valid token: it was wrong, or the route takes none."""
IDLE_TIME = 65
"""Seconds for which a connection is kept without a request. Longer than a long poll, so that a
poller's connection stays."""
WRITE_TIME = 60.0
"""Seconds for which a caller may leave an answer unread."""
UNREAD_TIME = 5.0
"""The same, when its connection is needed for others."""
PAUSE = 1.0
"""Seconds until the next request is read from a connection whose last one was over a limit of
calls. Whoever goes on without waiting would otherwise be refused as fast as a loop can."""


def _problem(code: str) -> bytes:
    """The whole answer with a problem to what was not read as a request. Its language is not
    known."""
    status = KINDS[code].status
    described = {**example(code, "ja"), "instance": "-"}
    content = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"content-type: {MEDIA_TYPE}",
        "content-language: ja",
        f"content-length: {len(content)}",
        "cache-control: no-store",
        "connection: close",
    )
    return "\r\n".join(head).encode() + b"\r\n\r\n" + content


NOT_HTTP = _problem("bad_request")
"""The answer to what cannot be read as a request."""
_TOO_LONG = _problem("head_too_large")
_TOO_SLOW = _problem("too_slow")


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration, and the connections that its protocol counts."""

    def __init__(self, app: Any, connections: Connections, **arguments: Any) -> None:
        super().__init__(app, http=BoundedHttp, timeout_keep_alive=IDLE_TIME, **arguments)
        self.bounded_connections = connections
        self.protocol_log = warn_once_a_minute("uvicorn.error")
        """For what a protocol warns of: that it got no request, which anybody can send."""


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose head is longer than `LONGEST_HEAD`, or that takes too long.

    uvicorn's reader on httptools buffers everything until the headers are complete (measured: one
    connection without a token could fill 200 MB), and waits for ever for a head, a body, and a
    caller who does not read.
    """

    config: BoundedConfig
    _head_size = 0
    _in_head = True
    """Whether the bytes received last belong to a head, as far as can be told."""
    _under_way: tuple[RequestResponseCycle, ...] = ()
    """The requests that were read and are not answered yet. uvicorn knows the newest alone."""
    _is_broken = False
    """Whether something came after them that is no request."""
    _reading: tuple[str, float] | None = None
    """What of a request has to arrive, and since when it is waited for."""
    _writing: float | None = None
    """Since when the caller has not read."""
    _held: bytes | None = None
    """What came before the connection is to be read; None once it is."""
    _was_answered = False
    """Whether a request of it was."""
    _answering: RequestResponseCycle | None = None
    """The request that is answered, or was last."""

    @property
    def _bounded_connections(self) -> Connections:
        return self.config.bounded_connections

    def __init__(self, config: BoundedConfig, *state: Any, **more: Any) -> None:
        super().__init__(config, *state, **more)
        self.logger = config.protocol_log

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to count and to time the connection; close it at once if there are too many."""
        super().connection_made(transport)
        self._reading = ("head", self.loop.time())
        host = self.client[0] if self.client else ""
        self._address = source_network(host)
        delay = self._bounded_connections.admit(self, self._address)
        if delay:
            self._held = b""
            self._reading = ("head", self.loop.time() + delay)
            self.loop.call_later(delay, self._begin_to_read)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more, and send nothing more."""
        self._bounded_connections.leaves(self)
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read the data, and close the connection if the head is too long."""
        if self._is_broken or self._held is not None:
            self.flow.pause_reading()
            self._held = None if self._held is None else self._held + data
            return
        if self._reading is None:
            self._reading = ("head", self.loop.time())
        self._in_head = self._head_size >= 0
        super().data_received(data)
        # Bytes received together with the end of a head or body are mostly not head.
        if not self._in_head:
            return
        self._head_size += len(data)
        if self._head_size > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(_TOO_LONG)

    def _begin_to_read(self) -> None:
        held, self._held = self._held, None
        if held is None or self.transport.is_closing():
            return
        self._bounded_connections.reads(self)
        self.flow.resume_reading()
        if held:
            self.data_received(held)

    def on_headers_complete(self) -> None:
        """The body begins. Its size is limited where it is read."""
        self._in_head, self._head_size = False, -1
        self._reading = ("body", self.loop.time())
        super().on_headers_complete()
        self._under_way = (*self._under_way, self.cycle)
        self._take(self.cycle)

    def _take(self, cycle: RequestResponseCycle) -> None:
        """Let the request go on, unless too many are under way: then it is told so, and ends."""
        if cycle.scope["path"] in HEALTH or self._bounded_connections.may_send(self):
            return
        cycle.scope["state"][NO_ROOM] = True
        cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        """The request is there, and is at work unless it was answered already. The next begins."""
        self._head_size, self._reading = 0, None
        super().on_message_complete()
        if self._is_answering() and NO_ROOM not in self.scope["state"]:
            self._bounded_connections.begins(self)

    def on_response_complete(self) -> None:
        """Go on with the next request, after a pause if this one was over a limit of calls."""
        self._under_way = tuple(each for each in self._under_way if not each.response_complete)
        self._was_answered = True
        if self._pauses():
            self._bounded_connections.count_fault(self)
            self.flow.pause_reading()
            self.loop.call_later(PAUSE, self._go_on)
            if not self.pipeline:
                self._bounded_connections.waits(self)
        else:
            self._go_on()

    def _pauses(self) -> bool:
        if self._answering is None or GOES_ON not in self._answering.scope["state"]:
            return False
        shared = self._bounded_connections.is_proxy(self._address)
        return not shared and not self.transport.is_closing()

    def _go_on(self) -> None:
        """Wait for the next request, unless one came already."""
        another = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if self.transport.is_closing() or (another is not None and not another.more_body):
            return
        self._bounded_connections.waits(self)
        if another is not None:
            self._reading = ("body", self.loop.time())
            self._take(another)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's own words
        """Say that it is no request."""
        self._refuse(NOT_HTTP)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer as if there were no `Upgrade` (RFC 9110 §7.8), and read no further request."""
        self._is_broken = True
        self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The caller does not read."""
        self._writing = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The caller has read."""
        self._writing = None
        super().resume_writing()

    def is_unread(self) -> bool:
        """Whether its caller has left an answer unread for a while."""
        return self._writing is not None and self._writing + UNREAD_TIME < self.loop.time()

    def overdue(self, now: float) -> str | None:
        """What it took too long for: `head`, `body` or `read`."""
        if self._writing is not None and self._writing + WRITE_TIME < now:
            return "read"
        if self._reading is None:
            return None
        part, since = self._reading
        if part == "head":
            # A next request is not read before the last one is answered, however long that takes.
            return part if since + HEAD_TIME < now and not self._is_answering() else None
        return part if since + self._time_for_body() < now and not self.pipeline else None

    def _time_for_body(self) -> float:
        state = self.scope["state"]
        return BODY_TIME if KNOWN & state.keys() else min(BODY_TIME, BODY_TIME_OF_STRANGERS)

    def time_out(self) -> None:
        """Say that it took too long, if the request has begun and is not answered; close it."""
        self._bounded_connections.leaves(self)
        if self._writing is not None or self.transport.get_write_buffer_size():
            self.end()
            return
        in_head, in_body = self._head_size > 0, self._head_size < 0
        if in_head or (in_body and not self.cycle.response_started):
            self.transport.write(_TOO_SLOW)
        self._leave()
        self.transport.close()

    def _is_answering(self) -> bool:
        # uvicorn declares a cycle from the beginning, but there is none before the first request.
        cycle: object = self.cycle
        return cycle is not None and not self.cycle.response_complete

    def is_new(self) -> bool:
        """Whether no request of it was answered yet, nor waits for its answer to be read: that
        would wait as long as the connection is open."""
        return not self._was_answered and self._writing is None

    def linger(self) -> None:
        """Neither read nor answer any more, because it made room for another."""
        self._is_broken, self._held = True, None
        self.flow.pause_reading()
        self._leave()

    def end(self) -> None:
        """Close it to make room for another."""
        self._leave()
        self.transport.abort()

    def _refuse(self, answer: bytes) -> None:
        """Read no more, and answer what cannot be read, unless the caller would take that for the
        answer to a request before it. Those are answered first, and then the connection closes."""
        self._is_broken = True
        self._bounded_connections.count_fault(self, "syntax")
        whole = [each for each in self._under_way if not each.more_body]
        if whole:
            whole[-1].keep_alive = False
            return
        if not any(each.response_started for each in self._under_way):
            self.transport.write(answer)
        self._leave()
        self.transport.close()

    def _leave(self) -> None:
        """Let what is under way know that nobody waits for an answer: a write would fail."""
        for cycle in self._under_way:
            cycle.disconnected = True
            cycle.message_event.set()
