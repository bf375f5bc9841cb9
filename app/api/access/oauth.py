"""OAuth routes: tokens (RFC 6749), revocation (RFC 7009), metadata (RFC 8414), keys (RFC 7517)."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response, Security
from fastapi.openapi.models import HTTPBase
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase

from app.api.access.oauth_schemas import (
    FORM,
    REVOCATION_REQUEST,
    TOKEN_REQUEST,
    Jwks,
    Metadata,
    TokenError,
    TokenOut,
)
from app.api.wire.dependencies import Issuer, dependency
from app.api.wire.documented import both, documented
from app.api.wire.problems.answers import count
from app.api.wire.rates import Rates, network_of
from app.api.wire.requests.head import media_type
from app.auth.clients import TokenRefused, invalid_dpop_proof, read_credentials
from app.auth.dpop import Proof, Proofs
from app.auth.jwt import NotGenuine
from app.auth.revocation import TokenRevocation
from app.auth.scopes import Scope
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenEndpoint
from app.domain.characters import reason_to_refuse
from app.domain.errors import Invalid, TooMany
from app.domain.text import Text


class _OAuthRoute(APIRoute):
    """A route that answers a query that it does not take as RFC 6749 §5.2 wants it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not self.path.startswith("/oauth/"):
            return handle

        async def handle_as_oauth(request: Request) -> Response:
            try:
                return await handle(request)
            except Invalid:
                return _query_response(request)

        return handle_as_oauth


router = APIRouter(tags=["oauth"], route_class=_OAuthRoute)

_LONGEST = 16 * 1024
_UNCACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CACHED = {"Cache-Control": "public, max-age=300"}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": TokenError, "description": both("要求が誤っている", "The request is wrong")},
    401: {
        "model": TokenError,
        "description": both("クライアントを確認できない", "The client cannot be authenticated"),
    },
    413: {"model": TokenError, "description": both("16 KiB を超えている", "More than 16 KiB")},
    429: {
        "model": TokenError,
        "description": both(
            "多すぎる。Retry-After の秒数だけ待つ", "Too many. Wait for the seconds of Retry-After"
        ),
    },
}


class _ClientSecret(SecurityBase):
    """The OpenAPI scheme `client_secret_basic`. `TokenEndpoint` checks it and `private_key_jwt`."""

    def __init__(self) -> None:
        self.model = HTTPBase(
            scheme="basic",
            description=both("クライアントIDとその秘密", "The client's id and its secret"),
        )
        self.scheme_name = "client_secret_basic"

    async def __call__(self) -> None:
        return None


@router.post(
    "/oauth/token",
    response_model=TokenOut,
    responses=_REFUSALS,
    dependencies=[Security(_ClientSecret())],
    **documented(
        "issue_token",
        Text("アクセストークンを取得する", "Get an access token"),
        """Issues a token that speaks for one seat for ten minutes, in exchange for the client's
        authentication.""",
        Text("発行したトークン", "The token that was issued"),
        answers_problems=False,
        headers=("Pragma",),
        extra=TOKEN_REQUEST,
    ),
)
async def issue_token(request: Request) -> JSONResponse:
    """席を代表する10分間のトークンを、クライアントの認証と引き換えに発行する。"""
    try:
        form, client_id = await _count_and_read_form(request)
        proof = _proof(request)
        authorization = request.headers.get("authorization")
        with _counting_guesses(request, client_id) as over:
            token = await dependency(request, TokenEndpoint).token(
                authorization, form, proof, network_of(request), over
            )
    except (TokenRefused, TooMany, _TooLarge) as error:
        return _error_response(request, error)
    answer = TokenOut(
        access_token=token.token,
        token_type="DPoP" if token.jkt else "Bearer",
        expires_in=int((token.expires_at - token.issued_at).total_seconds()),
        scope=" ".join(sorted(token.caller.scopes)),
        seat=token.caller.seat_id,
    )
    return JSONResponse(answer.model_dump(), headers=_UNCACHED)


@router.post(
    "/oauth/revoke",
    response_class=Response,
    responses=_REFUSALS,
    dependencies=[Security(_ClientSecret())],
    **documented(
        "revoke_token",
        Text("アクセストークンを失効させる", "Revoke an access token"),
        """Revokes a token of this client (RFC 7009).

        A token that has expired, is unknown or belongs to another client is answered with 200
        as well, and nothing is done. It takes effect at once in the process that answers, and
        within seconds in the others.""",
        Text(
            "失効した。あるいは、失効させるものがなかった",
            "Revoked; or there was nothing to revoke",
        ),
        answers_problems=False,
        headers=("Pragma",),
        extra=REVOCATION_REQUEST,
    ),
)
async def revoke_token(request: Request) -> Response:
    """このクライアントのトークンを失効させる (RFC 7009)。

    期限の切れたもの、知らないもの、他のクライアントのものでも200を返し、何もしない。
    受けたプロセスでは直ちに、他では数秒以内に効く。
    """
    try:
        form, client_id = await _count_and_read_form(request)
        authorization = request.headers.get("authorization")
        with _counting_guesses(request, client_id) as over:
            await dependency(request, TokenRevocation).revoke(
                authorization, form, network_of(request), over
            )
    except (TokenRefused, TooMany, _TooLarge) as error:
        return _error_response(request, error)
    return Response(headers=_UNCACHED)


@router.get(
    "/.well-known/oauth-authorization-server",
    response_model=Metadata,
    **documented(
        "read_authorization_server",
        Text("認可サーバーのメタデータを読む", "Read the metadata of the authorization server"),
        "Returns where to get tokens, where the public keys are, and which scopes there are.",
        Text("メタデータ", "The metadata"),
        public=True,
    ),
)
async def read_authorization_server(request: Request) -> JSONResponse:
    """トークンの取得先、公開鍵の置き場所、使える範囲を返す。"""
    issuer = dependency(request, Issuer).url
    metadata = Metadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/oauth/token",
        revocation_endpoint=f"{issuer}/oauth/revoke",
        jwks_uri=f"{issuer}/.well-known/jwks.json",
        scopes_supported=[scope.value for scope in Scope],
        service_documentation=f"{issuer}/docs",
    )
    return JSONResponse(metadata.model_dump(), headers=_CACHED)


@router.get(
    "/.well-known/jwks.json",
    response_model=Jwks,
    **documented(
        "read_jwks",
        Text("署名を確かめるための公開鍵を読む", "Read the public keys that verify signatures"),
        """Returns the public keys that verify tokens and receipts. A new key is listed ten minutes
        before it is used.""",
        Text("公開鍵の一覧", "The public keys"),
        public=True,
    ),
)
async def read_jwks(request: Request) -> JSONResponse:
    """トークンと受領証の署名を確かめる公開鍵を返す。新しい鍵は、使われる10分前から載る。"""
    return JSONResponse(dependency(request, SigningKeys).ring().jwks(), headers=_CACHED)


def _proof(request: Request) -> Proof | None:
    proofs = request.headers.getlist("dpop")
    path = request.scope["raw_path"].decode("latin-1")
    try:
        return dependency(request, Proofs).for_token(proofs, request.method, path)
    except NotGenuine as error:
        raise invalid_dpop_proof() from error


class _TooLarge(Exception):
    """The body is larger than the limit."""


@contextmanager
def _counting_guesses(request: Request, client_id: str | None) -> Iterator[TooMany | None]:
    """Count a call that does not authenticate its client as a guess.

    Yields the refusal if there were so many that only a secret which was right from this address
    lately is looked at.
    """
    rates = dependency(request, Rates)
    over = None if client_id is None else rates.used_up_by_guesses(request, client_id)
    try:
        yield over
    except (TokenRefused, TooMany) as refusal:
        is_guess = isinstance(refusal, TooMany) or refusal.error == "invalid_client"
        if client_id is not None and is_guess:
            rates.count_guess(request, client_id)
        raise


async def _count_and_read_form(request: Request) -> tuple[dict[str, str], str | None]:
    """The form, and the client id that it claims."""
    rates = dependency(request, Rates)
    rates.count_token_address(request)
    form = await _form(request)
    with suppress(TokenRefused):  # the token endpoint answers what is wrong
        # Counted under the claimed client id, before it is looked up or authenticated.
        credentials = read_credentials(request.headers.get("authorization"), form)
        rates.count_token_client(request, credentials.client_id)
        return form, credentials.client_id
    return form, None


async def _form(request: Request) -> dict[str, str]:
    if media_type(request.headers.get("content-type", "")) != FORM:
        raise TokenRefused("invalid_request", f"the body has to be {FORM} in UTF-8")
    try:
        pairs = parse_qsl(
            (await _body(request)).decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=50,
        )
    except ValueError as error:
        raise TokenRefused("invalid_request", "the form cannot be read") from error
    for reason in filter(None, map(reason_to_refuse, chain.from_iterable(pairs))):
        raise TokenRefused("invalid_request", f"the form holds text that is not taken: {reason}")
    if len({name for name, _ in pairs}) < len(pairs):
        raise TokenRefused("invalid_request", "a parameter stands twice")
    return {name: value for name, value in pairs if value}  # RFC 6749 §3.2: empty is omitted


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise _TooLarge
    return bytes(body)


def _error_response(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, TooMany):
        count(request, error.code)
        return _wait_response(error)
    if not isinstance(error, TokenRefused):
        return _refusal_response(TokenRefused("invalid_request", "more than 16 KiB"), 413)
    count(request, "not_authenticated")
    return _refusal_response(error, 401 if error.error == "invalid_client" else 400)


def _query_response(request: Request) -> JSONResponse:
    try:
        dependency(request, Rates).count_token_address(request)
    except TooMany as error:
        return _error_response(request, error)
    count(request, "invalid")
    return _refusal_response(TokenRefused("invalid_request", "the query takes no parameters"), 400)


def _wait_response(refusal: TooMany) -> JSONResponse:
    error = TokenRefused("temporarily_unavailable", "too many requests; wait, then try again")
    answer = _refusal_response(error, 429)
    answer.headers["Retry-After"] = str(refusal.facts["retry_after"])
    return answer


def _refusal_response(refusal: TokenRefused, status: int) -> JSONResponse:
    headers = dict(_UNCACHED)
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="tsunagu", charset="UTF-8"'
    body = TokenError(error=refusal.error, error_description=refusal.description)
    return JSONResponse(body.model_dump(), status, headers)
