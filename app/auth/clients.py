"""Client authentication (RFC 6749 §2.3, RFC 7523) and what a token may allow: pure decisions."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from app.auth.jwt import NotGenuine, header, moment, public_key, text, unverified_subject
from app.auth.scopes import ROLES, Scope
from app.auth.secrets import verify_secret
from app.auth.tokens import SKEW
from app.domain.access.caller import Caller
from app.domain.access.clients import LinkedSeat, RegisteredClient

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE = timedelta(minutes=5)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

_STAND_IN_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""The key to verify with when the client is unknown: the refusal takes as long as any other. It is
RFC 7515's example key, whose private half is public: a signature by it is never accepted."""


class TokenRefused(Exception):
    """An error of RFC 6749 §5.2. Its description repeats nothing of the request."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A client id and secret from the `Authorization: Basic` header (`client_secret_basic`)."""

    client_id: str
    secret: str = field(repr=False)
    method = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """A client id and a client assertion: a JWT that the client signed (`private_key_jwt`,
    RFC 7523)."""

    client_id: str
    assertion: str = field(repr=False)
    method = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class AssertionUse:
    """The `jti` of an assertion, and until when to remember it so that it cannot be replayed."""

    jti: str
    until: datetime


def invalid_client() -> TokenRefused:
    """The same error for every failed authentication, so that it does not reveal which clients
    exist."""
    return TokenRefused("invalid_client", "the client is not known or has not proved who it is")


def invalid_dpop_proof(why: str = "the DPoP proof is not one to believe") -> TokenRefused:
    """The error for a DPoP proof that is missing or not valid (RFC 9449 §5)."""
    return TokenRefused("invalid_dpop_proof", why)


def read_credentials(
    authorization: str | None, form: Mapping[str, str]
) -> ClientSecret | ClientAssertion:
    """The client credentials of a request, not yet verified.

    Raises:
        TokenRefused: there are none, or of two methods at once, or of a method that we do not
            support.
    """
    has_assertion = "client_assertion" in form or "client_assertion_type" in form
    if sum((authorization is not None, has_assertion, "client_secret" in form)) > 1:
        raise TokenRefused("invalid_request", "one way of client authentication at a time")
    if has_assertion:
        return _read_assertion(form)
    if authorization is None:
        raise TokenRefused("invalid_client", "use client_secret_basic or private_key_jwt")
    basic = _read_basic(authorization)
    if form.get("client_id", basic.client_id) != basic.client_id:
        raise invalid_client()
    return basic


def authenticate_by_secret(
    client: RegisteredClient | None, credentials: ClientSecret
) -> RegisteredClient:
    """The client, if its secret matches and neither it nor its agency is disabled.

    Raises:
        TokenRefused: `invalid_client`.
    """
    matches = verify_secret(credentials.secret, client.secret_hash if client else None)
    if client is None or not matches or _is_disabled(client):
        raise invalid_client()
    return client


def authenticate_by_assertion(
    client: RegisteredClient | None,
    credentials: ClientAssertion,
    audiences: frozenset[str],
    now: datetime,
) -> tuple[RegisteredClient, AssertionUse]:
    """The client, if it signed this assertion, and what to remember to refuse a replay.

    The caller has to check that the assertion was not used before.

    Args:
        audiences: the values of `aud` of which one alone has to be named.

    Raises:
        TokenRefused: `invalid_client`, if the signature, issuer, audience or lifetime is wrong.
    """
    try:
        head = header(credentials.assertion)
        if head.get("typ", "JWT") not in ("JWT", "jwt", "client-authentication+jwt"):
            raise NotGenuine("a token for something else")
        jwk = client.public_jwk if client else None
        claims = public_key(jwk or _STAND_IN_KEY).claims(credentials.assertion)
        _check_parties(claims, credentials.client_id, audiences)
        # Remembered for longer than it is valid: another process, whose clock is behind, accepts
        # it for a little longer than we do.
        use = AssertionUse(_jti(claims), _expiry(claims, now) + SKEW)
    except (NotGenuine, ValueError) as error:
        raise invalid_client() from error
    if client is None or jwk is None or _is_disabled(client):
        raise invalid_client()
    return client, use


def authorize(client: RegisteredClient, seat_id: str | None, scope: str | None) -> Caller:
    """The caller that a token for this client represents: its seat, role, scopes and classes.

    Raises:
        TokenRefused: the seat is not linked to the client or is disabled, or the scope is unknown
            or more than the seat's role holds.
    """
    seat = _choose_seat(client, seat_id)
    scopes = _choose_scopes(ROLES.get(seat.role, frozenset()), scope)
    return Caller(
        client_id=client.id,
        agency_id=client.agency_id,
        seat_id=seat.id,
        role=seat.role,
        scopes=scopes,
        classes=seat.classes,
        decides=Scope.REFERRAL_DECIDE in scopes,
    )


def _read_assertion(form: Mapping[str, str]) -> ClientAssertion:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise TokenRefused("invalid_request", "client_assertion needs its client_assertion_type")
    try:
        subject = unverified_subject(form["client_assertion"])
    except NotGenuine as error:
        raise invalid_client() from error
    if not isinstance(subject, str) or form.get("client_id", subject) != subject:
        raise invalid_client()
    return ClientAssertion(_check_client_id(subject), form["client_assertion"])


def _read_basic(authorization: str) -> ClientSecret:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client()
    try:
        pair = b64decode(encoded.strip(), validate=True).decode()
    except ValueError as error:
        raise invalid_client() from error
    client_id, colon, secret = pair.partition(":")
    if not colon:
        raise invalid_client()
    # RFC 6749 §2.3.1: both halves are form-encoded before they are put together.
    return ClientSecret(_check_client_id(unquote_plus(client_id)), unquote_plus(secret))


def _check_client_id(client_id: str) -> str:
    # An id of another form must not reach the database, which refuses a NUL in text.
    if not _ID.fullmatch(client_id):
        raise invalid_client()
    return client_id


def _is_disabled(client: RegisteredClient) -> bool:
    return client.disabled or client.agency_disabled


def _check_parties(claims: Mapping[str, object], client_id: str, audiences: frozenset[str]) -> None:
    if text(claims, "iss") != client_id or text(claims, "sub") != client_id:
        raise NotGenuine("made by or about another client")
    audience = claims.get("aud")
    audience = audience if isinstance(audience, list) else [audience]
    # Another server to which it was addressed as well could use it here first.
    if len(audience) != 1 or not isinstance(audience[0], str) or audience[0] not in audiences:
        raise NotGenuine("made for someone else")


def _jti(claims: Mapping[str, object]) -> str:
    jti = text(claims, "jti")
    if len(jti) > 256:
        raise NotGenuine("jti is too long")
    return jti


def _expiry(claims: Mapping[str, object], now: datetime) -> datetime:
    seconds = now.timestamp()
    expires = moment(claims, "exp")
    if not seconds < expires <= seconds + (ASSERTION_LIFE + SKEW).total_seconds():
        raise NotGenuine("expired, or good for too long")
    for name in ("iat", "nbf"):
        if name in claims and moment(claims, name) > seconds + SKEW.total_seconds():
            raise NotGenuine("not yet good")
    return datetime.fromtimestamp(expires, UTC)


def _choose_seat(client: RegisteredClient, seat_id: str | None) -> LinkedSeat:
    for seat in client.seats:
        if not seat.disabled and seat_id in (None, seat.id):
            return seat
    if seat_id is None:
        raise TokenRefused("unauthorized_client", "no active seat is linked to this client")
    raise TokenRefused("invalid_request", "the seat is not linked to this client, or is disabled")


def _choose_scopes(of_role: frozenset[Scope], requested: str | None) -> frozenset[str]:
    if not requested or not requested.strip():
        return frozenset(scope.value for scope in of_role)
    scopes = frozenset(requested.split())
    if not scopes <= {scope.value for scope in of_role}:
        raise TokenRefused("invalid_scope", "the role of this seat does not hold that scope")
    return scopes
