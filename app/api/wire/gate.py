"""Middleware for every request: adds an id and security headers, and answers exceptions.

The log gets only the type of an exception and where it was raised, never a value.
"""

import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.adapters.database.shares import claims_of
from app.adapters.outage import Outage
from app.api.wire.problems.answers import Internal, Unavailable, answer
from app.domain.errors import Busy, Refusal

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
        answering, began = _Answering(send, state), time.perf_counter()
        try:
            await self._app(scope, receive, answering)
        except ClientDisconnect:
            return
        except Exception as error:
            _log(error, answering.request_id)
            if not answering.started:
                response = answer(Request(scope), self._refusal(error))
                await response(scope, receive, answering)
        self._observe(scope, answering.status, time.perf_counter() - began)

    def _refusal(self, error: Exception) -> Refusal:
        outage = self._outage_of(error)
        return Internal() if outage is None else _REFUSALS[outage]()


class _Answering:
    """Adds our headers to an answer, and records its status and whether it has started."""

    __slots__ = ("_send", "_state", "request_id", "started", "status")

    def __init__(self, send: Send, state: dict[str, Any]) -> None:
        self._send = send
        self._state = state
        self.request_id = os.urandom(8).hex()
        self.started = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = message["headers"]
            names = {name for name, _ in headers}
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(_SAFE)
            if (quota := self._state.get("quota")) is not None:
                headers.extend(quota.headers())
            # By default an answer is not cached, and loads nothing when opened as a page.
            headers.extend(h for h in (_PRIVATE, _CLOSED_POLICY) if h[0] not in names)
        await self._send(message)


def _log(error: Exception, request_id: str) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames[-12:]))
    log.error("request %s: %s at %s", request_id, type(error).__name__, places)
