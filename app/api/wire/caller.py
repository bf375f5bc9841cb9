"""What a route asks of its caller, said in its signature and checked in one place."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Request, Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security.base import SecurityBase

from app.api.wire.dependencies import current_time, dependency
from app.api.wire.documented import both
from app.api.wire.rates import Rates, Spent
from app.auth.dpop import Proofs
from app.auth.scopes import SCOPE_TITLES, Scope
from app.auth.tokens import Access, TokenReader
from app.domain.access.caller import Caller
from app.domain.errors import NotAuthenticated, ScopeMissing

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
"""The second way to show a token, as OpenAPI sees it."""


class _Bearer(SecurityBase):
    """The scheme as OpenAPI sees it. One callable is both scheme and check: one hop a request."""

    def __init__(self) -> None:
        self.model = _MODEL
        self.scheme_name = "tsunagu"


class _Allowed(_Bearer):
    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    # Not a plain `def`: FastAPI would run it in a thread, at half a millisecond a request.
    async def __call__(self, request: Request) -> Caller:
        caller = (await _access(request)).caller
        if self._scope not in caller.scopes:
            raise ScopeMissing(self._scope)
        return caller


class _Known(_Bearer):
    async def __call__(self, request: Request) -> Access:
        return await _access(request)


def allowed(scope: Scope) -> Any:
    """A dependency that yields the caller, if their token holds `scope`.

    Raises, when a request comes:
        NotAuthenticated: there is no token, or none to believe.
        TooMany: its client, or an address without a good token, has called too often.
        ScopeMissing: the token does not hold `scope`.
    """
    return Security(_Allowed(scope), scopes=[scope.value])


ReferralReader = Annotated[Caller, allowed(Scope.REFERRAL_READ)]
"""Whoever may read referrals."""


def known() -> Any:
    """A dependency that yields what any good token gives access to, whatever its scopes.

    Raises, when a request comes:
        NotAuthenticated: there is no token, or none to believe.
    """
    return Security(_Known())


def still_allowed(request: Request) -> None:
    """Ask again, after a wait, what was asked when the call came in.

    Raises:
        NotAuthenticated: the token has expired, or it or its client, seat or agency was stopped.
    """
    dependency(request, TokenReader).check_still_valid(request.state.access, current_time(request))


async def _access(request: Request) -> Access:
    try:
        access = await _shown(request)
    except NotAuthenticated:
        dependency(request, Rates).stranger(request)
        raise
    request.state.access = access
    request.state.caller = access.caller
    _count(request, access.caller.client_id)
    return access


async def _shown(request: Request) -> Access:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    check = _SCHEMES.get(scheme.lower())
    if check is None:
        raise NotAuthenticated
    return await check(request, token.strip())


def _count(request: Request, client_id: str) -> None:
    try:
        request.state.quota = dependency(request, Rates).client(client_id)
    except Spent as spent:
        request.state.quota = spent.quota
        raise


async def _bearer(request: Request, token: str) -> Access:
    access = dependency(request, TokenReader).access(token, current_time(request))
    if access.jkt is not None:
        raise NotAuthenticated  # bound to a key: whoever stole it must not use it without
    return access


async def _bound(request: Request, token: str) -> Access:
    access = dependency(request, TokenReader).access(token, current_time(request))
    sent, path = request.headers.getlist("dpop"), request.scope["raw_path"].decode("latin-1")
    proofs = dependency(request, Proofs)
    await proofs.check(sent, request.method, path, token, access.jkt)
    return access


_SCHEMES = {"bearer": _bearer, "dpop": _bound}
