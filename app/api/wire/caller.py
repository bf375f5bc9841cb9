"""Authentication and scopes: dependencies for the signatures of routes, all checked here."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security.base import SecurityBase

from app.adapters.database.shares import claim
from app.api.wire.dependencies import current_time, dependency
from app.api.wire.documented import both
from app.api.wire.rates import GOES_ON, QuotaUsedUp, Rates
from app.api.wire.refused_work import WAITED, RefusedWork
from app.auth.dpop import Proof, Proofs
from app.auth.scopes import SCOPE_TITLES, Scope
from app.auth.tokens import Access, TokenReader
from app.domain.access.caller import Caller
from app.domain.errors import NotAuthenticated, ScopeMissing, TooMany

_MODEL = OAuth2(
    description=both(
        "席ごとの短期トークン(10分)。`POST /oauth/token` で取得する。",
        "A short-lived token for one seat (ten minutes). Get it by `POST /oauth/token`.",
    ),
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl="/oauth/token",
            scopes={scope.value: both(*title) for scope, title in SCOPE_TITLES.items()},
        )
    ),
)


DPOP: Mapping[str, str] = {
    "type": "http",
    "scheme": "dpop",
    "description": both(
        "鍵に結んだトークン (RFC 9449)。`Authorization: DPoP <token>` と、要求ごとに作る"
        "証明 `DPoP: <proof>` (ES256、`htm` `htu` `ath` `iat` `jti`) を送る。"
        "証明は60秒以内に一度だけ使える。",
        "A token that is bound to a key (RFC 9449). Send `Authorization: DPoP <token>` "
        "and, made anew for each call, the proof `DPoP: <proof>` (ES256, with `htm` "
        "`htu` `ath` `iat` `jti`). A proof can be used once, within 60 seconds.",
    ),
}
"""The security scheme for DPoP tokens in OpenAPI."""


class _Bearer(SecurityBase):
    """The OpenAPI scheme. The subclasses also check the token: one dependency for each request."""

    def __init__(self) -> None:
        self.model = _MODEL
        self.scheme_name = "tsunagu"


class _ScopeCheck(_Bearer):
    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    # `async`, because FastAPI runs a plain `def` in a thread: 0.5 ms for each request.
    async def __call__(self, request: Request) -> Caller:
        caller = (await _access(request)).caller
        if self._scope not in caller.scopes:
            raise ScopeMissing(self._scope)
        return caller


class _TokenCheck(_Bearer):
    async def __call__(self, request: Request) -> Access:
        return await _access(request)


def require_scope(scope: Scope) -> Any:
    """A dependency that yields the caller, if their token holds `scope`.

    Raises, when a request comes:
        NotAuthenticated: there is no valid token.
        TooMany: the client, its agency, or an address without a token has called too often.
        ScopeMissing: the token does not hold `scope`.
    """
    return Security(_ScopeCheck(scope), scopes=[scope.value])


ReferralReader = Annotated[Caller, require_scope(Scope.REFERRAL_READ)]
"""A caller with the scope to read referrals."""


def require_token() -> Any:
    """A dependency that yields the access of any valid token, whatever its scopes.

    Raises, when a request comes:
        NotAuthenticated: there is no valid token.
    """
    return Security(_TokenCheck())


async def check_token(dependency_of_route: object, request: Request) -> None:
    """Do what a dependency of a route does, if it is one that checks the token.

    Raises:
        NotAuthenticated, TooMany, ScopeMissing: as it does.
    """
    if isinstance(dependency_of_route, _ScopeCheck | _TokenCheck):
        await dependency_of_route(request)


def require_valid_token(request: Request) -> None:
    """Check the token again, after a call has waited.

    Raises:
        NotAuthenticated: it has expired, was revoked, or its client, seat or agency was disabled.
    """
    dependency(request, TokenReader).check_still_valid(request.state.access, current_time(request))


def count_further_calls(request: Request, calls: int) -> None:
    """Count a call that does the work of several as so many more calls of its client.

    Raises:
        TooMany: the client, or its agency, has not so many calls left.
    """
    if calls > 0:
        _count(request, request.state.caller, calls)


async def _access(request: Request) -> Access:
    try:
        access, proof = _authenticate(request)
        _count_caller(request, access)
        await _wait_for_share(request)
        if proof is not None:  # written in the share of a call that is counted
            await dependency(request, Proofs).use(proof)
    except NotAuthenticated:
        _forget_caller(request)
        if "authorization" in request.headers:  # or it was counted before it was read
            dependency(request, Rates).count_unauthenticated(request)
        raise
    return access


def _authenticate(request: Request) -> tuple[Access, Proof | None]:
    """The access of the call's token and its proof, if it has one, which was not used yet."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    check = _SCHEMES.get(scheme.lower())
    if check is None:
        raise NotAuthenticated
    return check(request, token.strip())


def _count_caller(request: Request, access: Access) -> None:
    request.state.access = access
    request.state.caller = caller = access.caller
    claim(caller.agency_id, caller.client_id, next(iter(request.path_params.values()), ""))
    _count(request, caller)


async def _wait_for_share(request: Request) -> None:
    """Let a client wait to whose calls a refusal was the answer for more than its share of time.

    Raises:
        TooMany: for too long.
        NotAuthenticated: its token was revoked meanwhile.
    """
    state = request.scope["state"]
    try:
        state[WAITED] = await dependency(request, RefusedWork).wait(request.state.caller)
    except TooMany:
        state[GOES_ON] = True
        raise
    if state[WAITED]:
        require_valid_token(request)


def _forget_caller(request: Request) -> None:
    """Treat a call as a stranger's again: whoever repeats it may be another than the caller."""
    for name in ("access", "caller", "quota"):
        request.scope.get("state", {}).pop(name, None)


def _count(request: Request, caller: Caller, calls: int | None = None) -> None:
    rates = dependency(request, Rates)
    try:
        request.state.quota = rates.count_client(caller.agency_id, caller.client_id, calls)
    except QuotaUsedUp as refusal:
        request.state.quota = refusal.quota
        raise


def _check_bearer(request: Request, token: str) -> tuple[Access, None]:
    access = dependency(request, TokenReader).access(token, current_time(request))
    if access.jkt is not None:
        raise NotAuthenticated  # bound to a key: without a proof it may be stolen
    return access, None


def _check_dpop(request: Request, token: str) -> tuple[Access, Proof]:
    access = dependency(request, TokenReader).access(token, current_time(request))
    proofs_sent = request.headers.getlist("dpop")
    path = request.scope["raw_path"].decode("latin-1")
    proofs = dependency(request, Proofs)
    return access, proofs.for_call(proofs_sent, request.state.method, path, token, access.jkt)


_SCHEMES: Mapping[str, Callable[[Request, str], tuple[Access, Proof | None]]] = {
    "bearer": _check_bearer,
    "dpop": _check_dpop,
}
