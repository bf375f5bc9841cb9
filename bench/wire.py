"""The requests that are sent, as the bytes on the wire."""

import json
from collections.abc import Iterable, Mapping
from http.client import HTTPResponse
from socket import create_connection
from typing import Any
from uuid import UUID

from app.domain.flows import BODIES
from bench.load import FRESH

OPENING = "special_adjustment.notify_candidate"
LATER = "special_adjustment.change_custody"
"""Changes no state, so it can be sent to one referral again and again."""


def opening(token: str) -> str:
    """Opens a referral, with the example of its type."""
    return _post("/v1/referrals", token, _envelope(OPENING))


def refused(token: str) -> str:
    """A message with 9,900 unknown names."""
    names = {f"unknown_{n:05}": n for n in range(9_900)}
    return _post("/v1/referrals", token, {**_envelope(OPENING), "body": {"type": OPENING, **names}})


def refused_late(token: str) -> str:
    """A message with as many wrong values as are read: the costliest to refuse."""
    envelope = _envelope(OPENING)
    contacts = [{f"unknown_{n}": n for n in range(36)}] * 50
    body = {**envelope["body"], "family_contacts": contacts}
    return _post("/v1/referrals", token, {**envelope, "body": body})


def half_a_body() -> str:
    """The head of a call for a token, and half of what it announces."""
    form = "grant_type=client_credentials&client_id=somebody&client_secret="
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    head = f"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{kind}"
    return f"{head}Content-Length: {2 * len(form)}\r\n\r\n{form}"


def later(token: str, referral_id: UUID) -> str:
    """A message to a referral that is open."""
    return _post(f"/v1/referrals/{referral_id}/messages", token, _envelope(LATER))


def read(token: str, ids: Iterable[UUID]) -> str:
    """Opens messages, on the record."""
    return _post("/v1/messages/read", token, {"ids": [str(i) for i in ids]})


def poll(token: str, after: int | str, wait: int = 0) -> str:
    """Asks for a page of the inbox."""
    path = f"/v1/inbox?after={after}&limit=50" + (f"&wait={wait}" if wait else "")
    return f"GET {path} HTTP/1.1\r\n{_head(token)}\r\n"


def answer(port: int, request: str) -> dict[str, Any]:
    """Send one request, and give the answer.

    Raises:
        RuntimeError: it is not a good one.
    """
    with create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{response.status} {body[:400].decode()}")
    return dict(json.loads(body))


def _envelope(message_type: str) -> dict[str, Any]:
    return {"id": FRESH, "occurred_on": "2026-11-20", "body": dict(BODIES[message_type].EXAMPLE)}


def _post(path: str, token: str, value: Mapping[str, Any]) -> str:
    body = json.dumps(value, ensure_ascii=False)
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n"
    return f"POST {path} HTTP/1.1\r\n{_head(token)}{kind}\r\n{body}"


def _head(token: str) -> str:
    return f"Host: localhost\r\nAuthorization: Bearer {token}\r\n"
