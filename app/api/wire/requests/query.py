"""Checks the query of every call: what its route does not declare is refused, not ignored.

A misspelt filter would give everything, and a misspelt `dry_run` would send the message. Numbers
and the like are taken as the contract's formats spell them, not with all that Python reads as well.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AwareDatetime

from app.api.wire.caller import check_token
from app.api.wire.documented import methods_of
from app.api.wire.problems.answers import MethodNotAllowed, field_name
from app.domain.characters import reason_to_refuse
from app.domain.errors import Invalid, NotFound

_MOMENT = (
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+ -]\d\d:\d\d)",  # a + is read as a space
    "datetime_parsing",
)
_SPELLINGS: Mapping[object, tuple[str, str]] = {
    int: (r"-?(0|[1-9]\d*)", "int_parsing"),
    float: (r"-?(0|[1-9]\d*)(\.\d+)?", "float_parsing"),
    bool: (r"true|false", "bool_parsing"),
    UUID: (r"[\dA-Fa-f]{8}(-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}", "uuid_parsing"),
    datetime: _MOMENT,
    AwareDatetime: _MOMENT,
}
"""How values of a type are spelt, and the reason if one is not."""


async def check_address(request: Request) -> None:
    """Refuse what cannot be in the path or the query of this route, to callers with a good token.

    It is a dependency of the whole application, which FastAPI resolves before those of the route.

    Raises:
        MethodNotAllowed: it is HEAD, and a call of this route is recorded.
        NotFound: the path holds text that no id can hold.
        Invalid: a query parameter is unknown, stands twice, or holds text that is not taken.
        NotAuthenticated, ScopeMissing, TooMany: the token of the call is at fault, too.
    """
    route = request.scope["route"]
    if request.state.method == "HEAD" and "HEAD" not in methods_of(route):
        raise MethodNotAllowed
    bad_path = any(reason_to_refuse(str(value)) for value in request.path_params.values())
    errors = list(_errors(request, route)) if request.scope["query_string"] else []
    if not bad_path and not errors:
        return
    await _check_token(request, route)
    raise NotFound if bad_path else Invalid(errors)


def _errors(request: Request, route: APIRoute) -> Iterator[dict[str, str]]:
    declared = dict(_parameters(route.dependant))
    pairs = request.query_params.multi_items()
    counts = Counter(name for name, _ in pairs)
    reasons = {
        (name if name in declared else field_name(name), reason): None
        for name, value in pairs
        if (reason := _reason(name, value, declared, counts)) is not None
    }
    yield from ({"pointer": f"/query/{name}", "reason": r} for name, r in reasons)


def _reason(
    name: str, value: str, declared: Mapping[str, object], counts: Counter[str]
) -> str | None:
    if name not in declared:
        return "extra_forbidden"
    if counts[name] > 1:
        return "given_twice"
    return reason_to_refuse(value) or _misspelt(value, declared[name])


def _misspelt(value: str, annotation: object) -> str | None:
    """The reason why `value` is none of this type, by its spelling alone."""
    for kind in _kinds(annotation):
        if kind in _SPELLINGS:
            pattern, reason = _SPELLINGS[kind]
            is_spelt = re.fullmatch(pattern, value, re.ASCII)
            return None if is_spelt else reason
    return None


def _kinds(annotation: Any) -> Iterator[object]:
    """The types of which a value may be, without what is annotated to them."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif inner := get_args(annotation):
        for each in inner:
            yield from _kinds(each)
    else:
        yield annotation


def _parameters(dependant: Dependant) -> Iterator[tuple[str, object]]:
    """The query parameters of a route and of all that it depends on: name and type."""
    yield from ((field.alias, field.field_info.annotation) for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)


async def _check_token(request: Request, route: APIRoute) -> None:
    for each in route.dependant.dependencies:
        await check_token(each.call, request)
