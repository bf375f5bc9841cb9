"""Says what was refused and why, as RFC 9457 has it, and never repeats what was sent."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.adapters.access.refused_calls import RefusedCalls
from app.api.wire.dependencies import dependency_if_started
from app.api.wire.language import language_of, localised
from app.api.wire.problems.kinds import KINDS
from app.domain.errors import BadProof, Invalid, NotFound, Refusal

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50
"""Errors that one answer names; whoever has more has a wrong schema, not wrong values."""

_FIELD = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class UnsupportedMediaType(Refusal):
    """The body is not said to be JSON."""

    code = "unsupported_media_type"


class MethodNotAllowed(Refusal):
    """There is something there, and it does not answer this method."""

    code = "method_not_allowed"


class Unavailable(Refusal):
    """The database, or a key that is needed, cannot be reached."""

    code = "unavailable"

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__(retry_after=retry_after)


class Internal(Refusal):
    """Something went wrong that is not the caller's fault."""

    code = "internal"


def install(app: FastAPI) -> None:
    """Let every refusal, and every wrong parameter, path and method, be answered as a problem."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def answer(
    request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that tells a client what was refused, and why."""
    count(request, refusal.code)
    language = language_of(request)
    kind = KINDS[refusal.code]
    problem = {
        "type": f"/problems/{refusal.code}",
        "title": kind.title.in_language(language),
        "status": kind.status.value,
        "detail": kind.detail.in_language(language),
        "hint": kind.hint.in_language(language),
        "instance": _instance(request),
        **localised(refusal.facts, language),
    }
    said = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        **_asked(request, refusal),
        **(headers or {}),
    }
    content = json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, kind.status.value, said, MEDIA_TYPE)


def count(request: Request, code: str) -> None:
    """Take note of a refused call, under its caller if that is known."""
    refused = dependency_if_started(request.app, RefusedCalls)
    if refused is not None:
        refused.count(getattr(request.state, "caller", None), code)


def errors_at(errors: Iterable[Mapping[str, Any]], root: str = "") -> list[dict[str, str]]:
    """Where and why, of Pydantic's errors: never what was sent, nor a message that may hold it."""
    found = ({"pointer": root + _pointer(e["loc"]), "reason": str(e["type"])} for e in errors)
    return list({tuple(error.values()): error for error in found}.values())[:MOST_ERRORS]


def field_name(name: object) -> str:
    """A name that was sent, if it is one of a field and not of a person; otherwise `?`."""
    return str(name) if _FIELD.fullmatch(str(name)) else "?"


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - for mypy: registered for nothing else
    return answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    if any(e["loc"][0] == "path" for e in error.errors()):
        return answer(request, NotFound())  # an id of the wrong form is the id of nothing
    return answer(request, Invalid(errors_at(error.errors())))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    known = {404: NotFound(), 405: MethodNotAllowed()}
    refusal = known.get(error.status_code, Internal())
    allow = {"Allow": _methods(request)} if error.status_code == 405 else None
    return answer(request, refusal, allow)


def _methods(request: Request) -> str:
    """The methods that are answered here. Each is a route of its own, and Starlette names one's."""
    there = (
        route.methods or ()
        for route in iter_route_contexts(request.app.routes)
        if compile_path(route.path or "")[0].match(request.url.path)
    )
    return ", ".join(sorted({method for methods in there for method in methods}))


def _asked(request: Request, refusal: Refusal) -> dict[str, str]:
    """What a client has to do, in the header made for it."""
    if refusal.code == "not_authenticated":
        return {"WWW-Authenticate": _challenge(request, refusal)}
    if refusal.code == "scope_missing":
        scope = refusal.facts["scope"]
        error = f'error="insufficient_scope", scope="{scope}"'
        if _scheme(request) == "dpop":
            return {"WWW-Authenticate": f'DPoP realm="tsunagu", {error}, algs="ES256"'}
        return {"WWW-Authenticate": f'Bearer realm="tsunagu", {error}'}
    if "retry_after" in refusal.facts:
        return {"Retry-After": str(refusal.facts["retry_after"])}
    return {}


def _challenge(request: Request, refusal: Refusal) -> str:
    """How to authenticate, and what was wrong: RFC 6750 §3 and RFC 9449 §7."""
    scheme = _scheme(request)
    if scheme == "dpop":
        error = "invalid_dpop_proof" if isinstance(refusal, BadProof) else "invalid_token"
        return f'DPoP realm="tsunagu", error="{error}", algs="ES256"'
    told = ', error="invalid_token"' if scheme else ""
    return f'Bearer realm="tsunagu"{told}, DPoP algs="ES256"'


def _scheme(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[0].lower()


def _instance(request: Request) -> str:
    """The path, without what is no id: a name may have been put there."""
    parts = request.url.path.split("/")
    return "/".join(part if not part or _ID.fullmatch(part) else "-" for part in parts)


def _pointer(location: Iterable[object]) -> str:
    return "".join(f"/{field_name(part)}" for part in location if part != "[key]")
