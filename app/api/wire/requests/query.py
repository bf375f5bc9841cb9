"""Checks the query of every call: what its route does not declare is refused, not ignored.

A misspelt filter would give everything, and a misspelt `dry_run` would send the message.
"""

from collections import Counter
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.wire.caller import check_token
from app.api.wire.documented import methods_of
from app.api.wire.problems.answers import MethodNotAllowed, field_name
from app.domain.characters import reason_to_refuse
from app.domain.errors import Invalid, NotFound


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
    declared = set(_parameters(route.dependant))
    pairs = request.query_params.multi_items()
    counts = Counter(name for name, _ in pairs)
    reasons = {
        (name if name in declared else field_name(name), reason): None
        for name, value in pairs
        if (reason := _reason(name, value, declared, counts)) is not None
    }
    yield from ({"pointer": f"/query/{name}", "reason": r} for name, r in reasons)


def _reason(name: str, value: str, declared: set[str], counts: Counter[str]) -> str | None:
    if name not in declared:
        return "extra_forbidden"
    return "given_twice" if counts[name] > 1 else reason_to_refuse(value)


def _parameters(dependant: Dependant) -> Iterator[str]:
    """The names of the query parameters of a route and of all that it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)


async def _check_token(request: Request, route: APIRoute) -> None:
    for each in route.dependant.dependencies:
        await check_token(each.call, request)
