"""Middleware for every request: adds an id and security headers, and answers exceptions.

The log gets only the type of an exception and where it was raised, never a value.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.adapters.database.shares import claims_of
from app.adapters.outage import Outage
from app.api.wire.dependencies import Issuer, dependency_if_started
from app.api.wire.pages import MADE_FOR_ALL
from app.api.wire.problems.answers import Internal, Unavailable, UnsupportedEncoding, answer
from app.api.wire.rates import GOES_ON, Rates, network_of
from app.api.wire.refused_work import READING, WAITED, RefusedWork
from app.api.wire.requests.head import check_head
from app.domain.errors import Busy, Refusal, TooMany, raised_at

log = logging.getLogger("tsunagu.api")

Observe: TypeAlias = Callable[[Scope, int, float], None]
"""Records a call: its scope, the status of its answer, and its duration in seconds."""
OutageOf: TypeAlias = Callable[[Exception], Outage | None]
"""Why an exception may not come again when the call is tried again; None if it is our fault."""

_REFUSALS: Mapping[Outage, Callable[[], Refusal]] = {
    Outage.AWAY: Unavailable,
    Outage.HELD: Busy,
}

STRANGERS = "strangers"
"""All callers of whom it is not known yet who they are have one share of the database together."""

HEALTH = frozenset({"/healthz", "/readyz"})
"""Answered to everybody, whatever else is under way."""
NO_ROOM = "no_room"
"""Set in the state of a request by the server that has too many under way."""
KNOWN = frozenset({"access", "is_operator"})
"""One of these is in the state of a request once its caller has named itself by a valid token."""
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_PRIVATE = (b"cache-control", b"no-store")
_CLOSED_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
)


class Gate:
    """Wraps the application. `outage_of` tells which exceptions may pass when the call is tried
    again; `observe` records each call."""

    def __init__(self, app: ASGIApp, outage_of: OutageOf, observe: Observe) -> None:
        self._app = app
        self._outage_of = outage_of
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with claims_of(STRANGERS):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Set here, because the application may go on with a copy of the scope.
        state = scope.setdefault("state", {})
        state["method"] = scope["method"]
        if scope["method"] == "HEAD":  # answered as GET is, wherever GET is, without the content
            scope = {**scope, "method": "GET"}
        request = Request(scope)
        stranger = _Stranger(request)
        answering = _Answering(send, state, stranger, _prefix(request))
        try:
            if NO_ROOM in state:
                raise Unavailable
            with stranger.under_way():
                check_head(request)
                await self._app(scope, receive, answering)
        except ClientDisconnect:
            return
        except Exception as error:
            await self._answer_error(request, error, answering, receive)
        finally:
            worked = max(0.0, answering.seconds - state.get(MADE_FOR_ALL, 0.0))
            stranger.charge(answering.sent, worked)
            _settle(request, answering.status)
        self._observe(scope, answering.status, time.perf_counter() - answering.began)

    async def _answer_error(
        self, request: Request, error: Exception, answering: "_Answering", receive: Receive
    ) -> None:
        refusal = answering.refused or (error if isinstance(error, Refusal) else None)
        if refusal is None:
            refusal = self._refusal(error)
            if isinstance(refusal, Internal):
                log.error("request %s: %s", answering.request_id, raised_at(error))
            else:
                log.warning("request %s: %s", answering.request_id, type(error).__name__)
        if not answering.started:
            await answer(request, refusal, _headers_of(refusal))(request.scope, receive, answering)

    def _refusal(self, error: Exception) -> Refusal:
        outage = self._outage_of(error)
        return Internal() if outage is None else _REFUSALS[outage]()


def counts_strangers(path: str) -> bool:
    """Whether calls of this path without a valid token are counted, and may be too many."""
    return path not in HEALTH and not path.startswith("/oauth/")


def _settle(request: Request, status: int) -> None:
    """Count a call of a known client as work that was refused, or not."""
    state = request.scope["state"]
    work = dependency_if_started(request.app, RefusedWork)
    if work is None or "caller" not in state:
        return
    reading = state[READING].seconds if READING in state else 0.0
    refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    is_at_work = refused and status != HTTPStatus.TOO_MANY_REQUESTS
    work.settle(state["caller"], reading, refused=is_at_work, waited=state.get(WAITED, False))


class _Stranger:
    """Bounds what is done for an address from which a call came without a valid token.

    The token endpoint counts its calls itself. Health is asked for by whoever watches the service,
    and costs next to nothing.
    """

    __slots__ = ("_network", "_rates", "_request")

    def __init__(self, request: Request) -> None:
        counted = counts_strangers(request.scope["path"])
        self._request = request
        self._rates = dependency_if_started(request.app, Rates) if counted else None
        self._network: str | None = None

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count the call, if it names nobody. One that names somebody is counted when it is read.

        Raises:
            TooMany: too many come from this address, or cost too much.
        """
        if self._rates is None or "authorization" in self._request.headers:
            yield
            return
        network = self._of()
        self._rates.enter_stranger(network)
        try:
            yield
        finally:
            self._rates.leave_stranger(network)

    def check(self, status: int) -> None:
        """Before an answer begins: whether so much may be answered to this address.

        Raises:
            TooMany: too much was answered already.
        """
        if self._rates is not None and status < 400 and self.is_unknown():
            self._rates.check_stranger(self._of())

    def charge(self, sent: int, seconds: float) -> None:
        """Count what the answer has cost, if it was a stranger's."""
        if self._rates is not None and self.is_unknown():
            self._rates.charge_stranger(self._of(), sent, seconds)

    def is_unknown(self) -> bool:
        """Whether the caller has not named itself."""
        return KNOWN.isdisjoint(self._request.scope["state"])

    def _of(self) -> str:
        if self._network is None:
            self._network = network_of(self._request)
        return self._network


class _Answering:
    """Adds our headers to an answer, and records its status, its size, and when it started."""

    __slots__ = (
        "_prefix",
        "_send",
        "_state",
        "_stranger",
        "began",
        "refused",
        "request_id",
        "seconds",
        "sent",
        "started",
        "status",
    )

    def __init__(
        self, send: Send, state: dict[str, Any], stranger: _Stranger, prefix: bytes
    ) -> None:
        self._send = send
        self._state = state
        self._stranger = stranger
        self._prefix = prefix
        self.request_id = os.urandom(8).hex()
        self.began = time.perf_counter()
        self.refused: Refusal | None = None
        self.started = False
        self.status = 0
        self.seconds = 0.0
        """Until the answer started."""
        self.sent = 0
        """Bytes."""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start(message)
        elif message["type"] == "http.response.body":
            if self._state["method"] == "HEAD":
                message = {**message, "body": b""}
            self.sent += len(message.get("body", b""))
        await self._send(message)

    def _start(self, message: Message) -> None:
        try:
            self._stranger.check(message["status"])
        except TooMany as refusal:
            self.refused = refusal  # Starlette wraps it, since it takes the answer for begun
            raise
        self.started = True
        self.status = message["status"]
        self.seconds = time.perf_counter() - self.began
        quota = self._state.get("quota")
        if self.status == 429 and (self._stranger.is_unknown() or (quota and not quota.left)):
            self._state[GOES_ON] = True
        headers = message["headers"]
        if self._prefix:
            headers[:] = [_with_prefix(header, self._prefix) for header in headers]
        names = {name for name, _ in headers}
        headers.append((b"x-request-id", self.request_id.encode()))
        headers.extend(_SAFE)
        if quota is not None:
            headers.extend(quota.headers())
        # By default an answer is not cached, and loads nothing when opened as a page.
        headers.extend(h for h in (_PRIVATE, _CLOSED_POLICY) if h[0] not in names)


def _prefix(request: Request) -> bytes:
    """The path before ours, under which callers know the service."""
    issuer = dependency_if_started(request.app, Issuer)
    return b"" if issuer is None else issuer.prefix.encode()


def _with_prefix(header: tuple[bytes, bytes], prefix: bytes) -> tuple[bytes, bytes]:
    name, value = header
    return (name, prefix + value) if name == b"location" and value.startswith(b"/") else header


def _headers_of(refusal: Refusal) -> dict[str, str] | None:
    return {"Accept-Encoding": "identity"} if isinstance(refusal, UnsupportedEncoding) else None
