"""How a client proves who it is, and what token it may have: pure decisions."""

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

_NOBODY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""Stands in for the key of a client that there is not, so that refusing takes as long (RFC 7515's
example: everyone has its private half, so it must never decide)."""


class TokenRefused(Exception):
    """Why there is no token, as RFC 6749 §5.2 names it. Repeats nothing that was sent."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class BySecret:
    """A client id with its secret, from the `Authorization: Basic` header."""

    client_id: str
    secret: str = field(repr=False)
    method = "client_secret_basic"


@dataclass(frozen=True, slots=True)
class ByAssertion:
    """A client id with a JWT that the client signed itself (RFC 7523)."""

    client_id: str
    assertion: str = field(repr=False)
    method = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class AssertionUse:
    """What has to be remembered, and until when, so that an assertion is used once."""

    jti: str
    until: datetime


def unproven() -> TokenRefused:
    """The one answer to every failed proof, so that it tells nobody which clients there are."""
    return TokenRefused("invalid_client", "the client is not known or has not proved who it is")


def bad_proof(why: str = "the DPoP proof is not one to believe") -> TokenRefused:
    """The answer to a proof of possession that is missing or wrong (RFC 9449 §5)."""
    return TokenRefused("invalid_dpop_proof", why)


def credentials(authorization: str | None, form: Mapping[str, str]) -> BySecret | ByAssertion:
    """How the client presents itself.

    Raises:
        TokenRefused: in no way, in two ways at once, or in a way that we do not take.
    """
    asserted = "client_assertion" in form or "client_assertion_type" in form
    if sum((authorization is not None, asserted, "client_secret" in form)) > 1:
        raise TokenRefused("invalid_request", "one way of client authentication at a time")
    if asserted:
        return _asserted(form)
    if authorization is None:
        raise TokenRefused("invalid_client", "use client_secret_basic or private_key_jwt")
    found = _basic(authorization)
    if form.get("client_id", found.client_id) != found.client_id:
        raise unproven()
    return found


def proven_by_secret(client: RegisteredClient | None, given: BySecret) -> RegisteredClient:
    """The client, if its secret is right and it may call at all.

    Raises:
        TokenRefused: it is not.
    """
    right = verify_secret(given.secret, client.secret_hash if client else None)
    if client is None or not right or _shut(client):
        raise unproven()
    return client


def proven_by_assertion(
    client: RegisteredClient | None, given: ByAssertion, audiences: frozenset[str], now: datetime
) -> tuple[RegisteredClient, AssertionUse]:
    """The client, if it signed the assertion for us; and what to remember of it.

    Raises:
        TokenRefused: it did not, or not for us, or not for now.
    """
    try:
        head = header(given.assertion)
        if head.get("typ", "JWT") not in ("JWT", "jwt", "client-authentication+jwt"):
            raise NotGenuine("a token for something else")
        known = client.public_jwk if client else None
        claims = public_key(known or _NOBODY).claims(given.assertion)
        _check_parties(claims, given.client_id, audiences)
        # Remembered for longer than it is good: another process whose clock is behind still takes
        # it when ours says that it is over.
        use = AssertionUse(_jti(claims), _ends(claims, now) + SKEW)
    except (NotGenuine, ValueError) as error:
        raise unproven() from error
    if client is None or known is None or _shut(client):
        raise unproven()
    return client, use


def granted(client: RegisteredClient, seat_id: str | None, scope: str | None) -> Caller:
    """The caller that a token for this client would stand for.

    Raises:
        TokenRefused: the seat is not linked to the client or is disabled, or the scope is unknown
            or more than the seat's role holds.
    """
    seat = _seat(client, seat_id)
    scopes = _scopes(ROLES.get(seat.role, frozenset()), scope)
    return Caller(
        client_id=client.id,
        agency_id=client.agency_id,
        seat_id=seat.id,
        role=seat.role,
        scopes=scopes,
        classes=seat.classes,
        decides=Scope.REFERRAL_DECIDE in scopes,
    )


def _asserted(form: Mapping[str, str]) -> ByAssertion:
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise TokenRefused("invalid_request", "client_assertion needs its client_assertion_type")
    try:
        subject = unverified_subject(form["client_assertion"])
    except NotGenuine as error:
        raise unproven() from error
    if not isinstance(subject, str) or form.get("client_id", subject) != subject:
        raise unproven()
    return ByAssertion(_known_form(subject), form["client_assertion"])


def _basic(authorization: str) -> BySecret:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise unproven()
    try:
        pair = b64decode(encoded.strip(), validate=True).decode()
    except ValueError as error:
        raise unproven() from error
    client_id, colon, secret = pair.partition(":")
    if not colon:
        raise unproven()
    # RFC 6749 §2.3.1: both halves are form-encoded before they are put together.
    return BySecret(_known_form(unquote_plus(client_id)), unquote_plus(secret))


def _known_form(client_id: str) -> str:
    # An id that no client can have must not reach the database, which has no text with NUL.
    if not _ID.fullmatch(client_id):
        raise unproven()
    return client_id


def _shut(client: RegisteredClient) -> bool:
    return client.disabled or client.agency_disabled


def _check_parties(claims: Mapping[str, object], client_id: str, audiences: frozenset[str]) -> None:
    if text(claims, "iss") != client_id or text(claims, "sub") != client_id:
        raise NotGenuine("made by or about another client")
    named = claims.get("aud")
    named = [named] if isinstance(named, str) else named
    if not isinstance(named, list) or not any(a in audiences for a in named if isinstance(a, str)):
        raise NotGenuine("made for someone else")


def _jti(claims: Mapping[str, object]) -> str:
    jti = text(claims, "jti")
    if len(jti) > 256:
        raise NotGenuine("jti is too long")
    return jti


def _ends(claims: Mapping[str, object], now: datetime) -> datetime:
    second = now.timestamp()
    expires = moment(claims, "exp")
    if not second < expires <= second + (ASSERTION_LIFE + SKEW).total_seconds():
        raise NotGenuine("expired, or good for too long")
    for name in ("iat", "nbf"):
        if name in claims and moment(claims, name) > second + SKEW.total_seconds():
            raise NotGenuine("not yet good")
    return datetime.fromtimestamp(expires, UTC)


def _seat(client: RegisteredClient, seat_id: str | None) -> LinkedSeat:
    for seat in client.seats:
        if not seat.disabled and seat_id in (None, seat.id):
            return seat
    if seat_id is None:
        raise TokenRefused("unauthorized_client", "no active seat is linked to this client")
    raise TokenRefused("invalid_request", "the seat is not linked to this client, or is disabled")


def _scopes(held: frozenset[Scope], asked: str | None) -> frozenset[str]:
    if not asked or not asked.strip():
        return frozenset(scope.value for scope in held)
    scopes = frozenset(asked.split())
    if not scopes <= {scope.value for scope in held}:
        raise TokenRefused("invalid_scope", "the role of this seat does not hold that scope")
    return scopes
