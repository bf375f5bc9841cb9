"""Access tokens (RFC 9068): issued to a seat for some minutes, and verified on each request."""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from app.auth.jwt import NotGenuine, header, moment, text
from app.auth.scopes import Scope
from app.auth.signing_keys import KeyRing, SigningKeys
from app.domain.access.caller import Caller
from app.domain.access.clients import LiveCheck
from app.domain.errors import NotAuthenticated

LONGEST_LIFE = timedelta(hours=1)
SKEW = timedelta(seconds=30)
"""How far the clocks of two of our machines may differ."""

_TYP = "at+jwt"  # RFC 9068: a receipt, signed with the same key, is not accepted as a token
_CACHED_FOR = 60.0
"""Seconds for which the result of verifying a token is cached."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and its contents."""

    token: str
    jti: str
    caller: Caller
    issued_at: datetime
    expires_at: datetime
    jkt: str | None = None
    """The thumbprint of the key that it is bound to, if it is (RFC 9449)."""


@dataclass(frozen=True, slots=True)
class Access:
    """The caller of a token, when the token expires, and what may revoke it before."""

    caller: Caller
    expires_at: datetime
    jti: str
    stops: int
    """How often its client, seat and agency had been stopped when it was issued."""
    jkt: str | None = None
    """The thumbprint of the key that the token is bound to (RFC 9449), if it is."""


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """Issuer, audience and lifetime of tokens."""

    issuer: str
    audience: str
    life: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.life <= LONGEST_LIFE:
            raise ValueError("a token lives for an hour at most, as long as its key is believed")


class TokenIssuer:
    """Signs access tokens."""

    def __init__(self, keys: SigningKeys, terms: TokenTerms) -> None:
        self._keys = keys
        self._terms = terms

    def issue(
        self, caller: Caller, at: datetime, stops: int = 0, jkt: str | None = None
    ) -> IssuedToken:
        """A token for `caller`, valid from `at` on.

        Args:
            stops: how often the tokens of client, seat and agency had been stopped when their
                rights were read.
            jkt: the thumbprint of the key that the token is to be bound to.
        """
        issued_at = at.replace(microsecond=0)
        expires_at = issued_at + self._terms.life
        jti = str(uuid4())
        claims = {
            "iss": self._terms.issuer,
            "aud": self._terms.audience,
            "sub": caller.client_id,
            "client_id": caller.client_id,
            "agency": caller.agency_id,
            "seat": caller.seat_id,
            "role": caller.role,
            "scope": " ".join(sorted(caller.scopes)),
            "classes": sorted(caller.classes),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": jti,
            "stops": stops,
            **({"cnf": {"jkt": jkt}} if jkt else {}),
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        token = self._keys.ring().signing(at).sign(payload, _TYP)
        return IssuedToken(token, jti, caller, issued_at, expires_at, jkt)


class TokenReader:
    """Verifies tokens. The result for a valid token is cached for a minute."""

    def __init__(
        self,
        keys: SigningKeys,
        terms: TokenTerms,
        is_active: LiveCheck,
        cache_size: int = 10_000,
    ) -> None:
        self._keys = keys
        self._terms = terms
        self._is_active = is_active
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, tuple[Access, float]] = OrderedDict()
        self._ring = keys.ring()

    def caller(self, token: str, now: datetime) -> Caller:
        """The caller of `token`.

        Raises:
            NotAuthenticated: the token is not valid, has expired or was revoked.
        """
        return self.access(token, now).caller

    def access(self, token: str, now: datetime) -> Access:
        """The caller of `token`, and when the token expires.

        Raises:
            NotAuthenticated: the token is not valid, has expired or was revoked.
        """
        access = self._cached_access(token, now)
        if not self._is_active(access.caller, access.jti, access.stops):
            raise NotAuthenticated
        return access

    def check_still_valid(self, access: Access, now: datetime) -> None:
        """Check again a token that was valid before, as at the end of a long poll.

        Raises:
            NotAuthenticated: it has expired or was revoked since.
        """
        unexpired = now < access.expires_at
        if not unexpired or not self._is_active(access.caller, access.jti, access.stops):
            raise NotAuthenticated

    def access_even_if_revoked(self, token: str, now: datetime) -> Access | None:
        """What `token` gives access to, revoked or not; None if it is not ours or has expired."""
        try:
            return self._verify(token, now, self._keys.ring())
        except NotAuthenticated:
            return None

    def _cached_access(self, token: str, now: datetime) -> Access:
        if (ring := self._keys.ring()) is not self._ring:
            self._cache.clear()  # tokens of a key that was removed are no longer accepted
            self._ring = ring
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        seconds = now.timestamp()
        if (cached := self._cache.get(digest)) and seconds < cached[1]:
            self._cache.move_to_end(digest)
            return cached[0]
        self._cache.pop(digest, None)
        access = self._verify(token, now, ring)
        self._cache[digest] = access, min(access.expires_at.timestamp(), seconds + _CACHED_FOR)
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return access

    def _verify(self, token: str, now: datetime, ring: KeyRing) -> Access:
        try:
            head = header(token)
            key = ring.for_token(head.get("kid"), now)
            if key is None or head.get("typ") != _TYP:
                raise NotGenuine("not a token of ours")
            claims = key.claims(token)
            if (claims.get("iss"), claims.get("aud")) != (self._terms.issuer, self._terms.audience):
                raise NotGenuine("from elsewhere, or for someone else")
            expires_at = _expiry(claims, now)
            return Access(
                caller=_caller(claims),
                expires_at=expires_at,
                jti=text(claims, "jti"),
                stops=_stops(claims),
                jkt=_bound_key(claims),
            )
        except NotGenuine as error:
            raise NotAuthenticated from error


def _expiry(claims: dict[str, object], now: datetime) -> datetime:
    expires = moment(claims, "exp")
    if expires <= now.timestamp():
        raise NotGenuine("expired")
    if moment(claims, "iat") > (now + SKEW).timestamp():
        raise NotGenuine("issued in the future")
    return datetime.fromtimestamp(expires, now.tzinfo or UTC)


def _stops(claims: dict[str, object]) -> int:
    stops = claims.get("stops", 0)  # tokens of older versions have no such claim
    if type(stops) is not int:
        raise NotGenuine("stops is no number")
    return stops


def _bound_key(claims: dict[str, object]) -> str | None:
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    # A `cnf` that cannot be read must never turn a bound token into an unbound one.
    if not isinstance(confirmation, dict):
        raise NotGenuine("cnf is no object")
    return text(confirmation, "jkt")


def _caller(claims: dict[str, object]) -> Caller:
    classes = claims.get("classes")
    scope = claims.get("scope")
    if not isinstance(classes, list) or not isinstance(scope, str):
        raise NotGenuine("classes or scope are missing")
    scopes = frozenset(scope.split())
    return Caller(
        client_id=text(claims, "sub"),
        agency_id=text(claims, "agency"),
        seat_id=text(claims, "seat"),
        role=text(claims, "role"),
        scopes=scopes,
        classes=frozenset(map(str, classes)),
        decides=Scope.REFERRAL_DECIDE in scopes,
    )
