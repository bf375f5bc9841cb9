"""Answers refusals with problems (RFC 9457), which never repeat a value that was sent."""

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
from app.api.wire.documented import methods_of
from app.api.wire.language import language_of, localise
from app.api.wire.problems.hints import HINTS
from app.api.wire.problems.kinds import KINDS
from app.domain.errors import BadProof, Invalid, NotFound, Refusal
from app.domain.text import Text

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50
"""The most errors in one answer. More usually come from a wrong schema."""

_QUOTED = re.compile(r"'([^']*)'")
"""A code in Pydantic's words for what it expected."""
_FIELD = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class BadRequest(Refusal):
    """The head of the request is wrong by the rules of HTTP."""

    code = "bad_request"


class HeadTooLarge(Refusal):
    """The request line and the headers have more bytes than are read."""

    code = "head_too_large"


class TooSlow(Refusal):
    """The request did not arrive in time."""

    code = "too_slow"


class UnsupportedMediaType(Refusal):
    """The content type of the body is not JSON, or not UTF-8."""

    code = "unsupported_media_type"


class UnsupportedEncoding(Refusal):
    """The body is compressed, or encoded otherwise."""

    code = "unsupported_encoding"


class MethodNotAllowed(Refusal):
    """The path exists, but does not support this method."""

    code = "method_not_allowed"


class Unavailable(Refusal):
    """The database or a key cannot be reached."""

    code = "unavailable"

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__(retry_after=retry_after)


class Internal(Refusal):
    """An error inside the service."""

    code = "internal"


def install(app: FastAPI) -> None:
    """Answer refusals and wrong parameters, paths and methods with problems."""
    app.add_exception_handler(Refusal, _answer_refusal)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)


def answer(
    request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem for a refusal, in the caller's language."""
    count(request, refusal.code)
    language = language_of(request)
    kind = KINDS[refusal.code]
    if isinstance(refusal, BadRequest) and request.url.path.startswith("/oauth/"):
        return _oauth_error(kind.detail.en)
    problem = {
        "type": f"/problems/{refusal.code}",
        "title": kind.title.in_language(language),
        "status": kind.status.value,
        "detail": kind.detail.in_language(language),
        "hint": kind.hint.in_language(language),
        "instance": _instance(request),
        **localise(_with_hints(refusal.facts), language),
    }
    all_headers = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
        **_headers_for(request, refusal),
        **(headers or {}),
    }
    content = json.dumps(problem, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, kind.status.value, all_headers, MEDIA_TYPE)


def _oauth_error(description: str) -> Response:
    """A request that is wrong, in the form of the token endpoint (RFC 6749 §5.2)."""
    error = {"error": "invalid_request", "error_description": description}
    headers = {"Cache-Control": "no-store"}
    return Response(json.dumps(error), 400, headers, "application/json")


def count(request: Request, code: str) -> None:
    """Count a refused call, under its caller if it was authenticated."""
    calls = dependency_if_started(request.app, RefusedCalls)
    if calls is not None:
        calls.count(getattr(request.state, "caller", None), code)


def errors_at(errors: Iterable[Mapping[str, Any]], root: str = "") -> list[dict[str, Any]]:
    """Pointer and reason of Pydantic's errors, and what of a closed set would be taken instead.

    Values and messages are left out, and so is what comes after `MOST_ERRORS`. A list that has an
    error within is not said to be too short: Pydantic counts what is right in it.
    """
    described: dict[tuple[str, str], dict[str, Any]] = {}
    for e in errors:
        if len(described) == MOST_ERRORS:
            break
        pointer, reason = root + _pointer(e["loc"]), str(e["type"])
        if reason == "too_short" and any(p.startswith(f"{pointer}/") for p, _ in described):
            continue
        takes = _taken(e)
        listed = {"takes": takes} if takes else {}
        described[pointer, reason] = {"pointer": pointer, "reason": reason, **listed}
    return list(described.values())


def _taken(error: Mapping[str, Any]) -> list[str]:
    """The values of the closed set of which an error says that a value is none of them."""
    context = error.get("ctx", {})
    if error["type"] in {"enum", "literal_error"}:
        return _QUOTED.findall(context.get("expected", ""))
    taken: list[str] = context.get("takes", [])
    return taken


def _with_hints(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of a problem, with what to do about each error of which that is known."""
    if "errors" not in facts:
        return facts
    errors = [{**e, **_hint(e["reason"])} for e in facts["errors"][:MOST_ERRORS]]
    return {**facts, "errors": errors}


def _hint(reason: str) -> dict[str, Text]:
    return {"hint": HINTS[reason]} if reason in HINTS else {}


def field_name(name: object) -> str:
    """A name that was sent, if it looks like the name of a field; otherwise `?`."""
    return str(name) if _FIELD.fullmatch(str(name)) else "?"


async def _answer_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - for mypy: registered only for this type
    return answer(request, error)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    if any(e["loc"][0] == "path" for e in error.errors()):
        return answer(request, NotFound())  # nothing has an id of another form
    return answer(request, Invalid(errors_at(error.errors())))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    refusals = {404: NotFound(), 405: MethodNotAllowed()}
    return answer(request, refusals.get(error.status_code, Internal()))


def _methods(request: Request) -> str:
    """The methods of a path. Each is a route of its own, and Starlette reports only one."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if compile_path(route.path or "")[0].match(request.url.path):
            methods |= methods_of(route)
    return ", ".join(sorted(methods))


def _headers_for(request: Request, refusal: Refusal) -> dict[str, str]:
    """`WWW-Authenticate`, `Allow` or `Retry-After`, where the refusal needs it."""
    if refusal.code == "method_not_allowed":
        return {"Allow": _methods(request)}
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
    """The value of `WWW-Authenticate`: RFC 6750 §3 and RFC 9449 §7."""
    scheme = _scheme(request)
    if scheme == "dpop":
        error = "invalid_dpop_proof" if isinstance(refusal, BadProof) else "invalid_token"
        return f'DPoP realm="tsunagu", error="{error}", algs="ES256"'
    error = ', error="invalid_token"' if scheme else ""
    return f'Bearer realm="tsunagu"{error}, DPoP algs="ES256"'


def _scheme(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[0].lower()


def _instance(request: Request) -> str:
    """The path, with `-` for parts that are not ids: they may hold a name."""
    parts = request.url.path.split("/")
    return "/".join(part if not part or _ID.fullmatch(part) else "-" for part in parts)


def _pointer(location: Iterable[object]) -> str:
    return "".join(f"/{field_name(part)}" for part in location if part != "[key]")
