"""Compact JWS with ES256, and nothing else. The only module that uses python-jose.

It is stricter than jose. The algorithm is always ES256, whatever the header says. Keys are parsed
once, from PEM or JWK, never from DER. Only the signature is left to jose: its checks of claims use
the system's clock for `exp`, accept a token without `aud`, and fail on claims that are not numbers.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jose import jwk, jws
from jose import jwt as jose_jwt
from jose.backends.base import Key
from jose.exceptions import JOSEError
from jose.utils import base64url_encode

_ALGORITHM = "ES256"
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LONGEST = 8192
_SIGNATURE_ONLY = {
    f"verify_{claim}": False
    for claim in ("aud", "iat", "exp", "nbf", "iss", "sub", "jti", "at_hash")
}


class NotGenuine(Exception):
    """A token or signature that is not valid. The message repeats nothing of what was sent."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public P-256 key. `kid` is its RFC 7638 thumbprint."""

    kid: str
    _key: Key = field(repr=False)

    def claims(self, token: str) -> dict[str, Any]:
        """Verify the signature of `token` and give its claims, which are not checked any further.

        Raises:
            NotGenuine: this key did not sign it with ES256, or it holds no JSON object.
        """
        _check_form(token)
        try:
            return jose_jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], options=_SIGNATURE_ONLY
            )
        except (JOSEError, RecursionError) as error:
            raise NotGenuine("the signature or the form is wrong") from error

    def payload(self, token: str) -> bytes:
        """Verify the signature of `token` and give the bytes that were signed.

        Raises:
            NotGenuine: this key did not sign them with ES256.
        """
        _check_form(token)
        try:
            return jws.verify(token, self._key, algorithms=[_ALGORITHM])
        except (JOSEError, RecursionError) as error:
            raise NotGenuine("the signature or the form is wrong") from error

    def jwk(self) -> dict[str, str]:
        """This key as a member of the published JWKS."""
        return {**_coordinates(self._key), "alg": _ALGORITHM, "use": "sig", "kid": self.kid}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private P-256 key and its public half. Of a revoked key only the public half is left."""

    verifying: VerifyingKey
    _key: Key = field(repr=False)
    revoked: bool = False

    def sign(self, payload: bytes, typ: str) -> str:
        """`payload` as a compact JWS whose header says `typ` and our `kid`.

        Raises:
            ValueError: the key is revoked.
        """
        if self.revoked:
            raise ValueError("a revoked key signs nothing")
        headers = {"typ": typ, "kid": self.verifying.kid}
        return jws.sign(payload, self._key, headers=headers, algorithm=_ALGORITHM)


def signing_key(pem: bytes) -> SigningKey:
    """The private key in `pem`.

    Raises:
        ValueError: it is not a PEM file of a private P-256 key.
    """
    if not pem.startswith(b"-----BEGIN "):
        raise ValueError("a signing key is a PEM file")
    key = _construct_key(pem)
    if "d" not in key.to_dict():
        raise ValueError("a signing key is a private key")
    return SigningKey(_verifying_key(key.public_key()), key)


def revoked_key(pem: bytes) -> SigningKey:
    """A revoked key, of which only the public half is left, in `pem`.

    Raises:
        ValueError: it is not a PEM file of a public P-256 key.
    """
    if not pem.startswith(b"-----BEGIN PUBLIC KEY-----"):
        raise ValueError("of a revoked key only the public half is kept")
    public = _construct_key(pem)
    return SigningKey(_verifying_key(public), public, revoked=True)


def public_key(jwk_members: Mapping[str, Any]) -> VerifyingKey:
    """The public key that a client has registered as a JWK.

    Raises:
        ValueError: it is not a public P-256 key.
    """
    if "d" in jwk_members:
        raise ValueError("a private key does not belong here")
    return _verifying_key(_construct_key({**jwk_members, "alg": _ALGORITHM}))


def embedded_key(head: Mapping[str, Any]) -> VerifyingKey:
    """The public key in the `jwk` member of a header, which only a DPoP proof may have.

    Raises:
        NotGenuine: it brings none, or not a public P-256 key.
    """
    members = head.get("jwk")
    if not isinstance(members, dict):
        raise NotGenuine("the header has no key")
    try:
        return public_key(members)
    except ValueError as error:
        raise NotGenuine("the key in the header is none for ES256") from error


def header(token: str) -> dict[str, Any]:
    """The header of `token`, not verified.

    Raises:
        NotGenuine: it has no readable header, or one that asks for extensions we do not know.
    """
    _check_form(token)
    try:
        head = jose_jwt.get_unverified_header(token)
    except JOSEError as error:
        raise NotGenuine("the header cannot be read") from error
    if "crit" in head:
        raise NotGenuine("the header asks for an extension")
    return head


def unverified_subject(token: str) -> object:
    """The `sub` of `token`, not verified: it tells whose key verifies the signature.

    Raises:
        NotGenuine: it has no readable claims.
    """
    _check_form(token)
    try:
        return jose_jwt.get_unverified_claims(token).get("sub")
    except (JOSEError, RecursionError) as error:
        raise NotGenuine("the claims cannot be read") from error


def moment(claims: Mapping[str, Any], name: str) -> float:
    """The NumericDate `name`, in seconds since 1970.

    Raises:
        NotGenuine: it is missing or is no finite number.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotGenuine(f"{name} is missing or is no number")
    if not abs(value) <= 1e11:  # the year 5138; so written, NaN is refused too
        raise NotGenuine(f"{name} is no time")
    return value


def text(claims: Mapping[str, Any], name: str) -> str:
    """The claim `name`, a string that is not empty.

    Raises:
        NotGenuine: it is missing or something else.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise NotGenuine(f"{name} is missing or is no text")
    return value


def _check_form(token: str) -> None:
    # jose's base64 decoder skips unknown characters: without this, one token has many spellings.
    if len(token) > _LONGEST or not _COMPACT.fullmatch(token):
        raise NotGenuine("not a compact JWS")


def _construct_key(key: bytes | dict[str, Any]) -> Key:
    try:
        built = jwk.construct(key, _ALGORITHM)
        on_p256 = built.to_dict()["crv"] == "P-256"
    except (JOSEError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("not a key for ES256") from error
    if not on_p256:
        raise ValueError("not a key for ES256")
    return built


def _verifying_key(public: Key) -> VerifyingKey:
    members = json.dumps(_coordinates(public), sort_keys=True, separators=(",", ":"))
    kid = base64url_encode(hashlib.sha256(members.encode()).digest()).decode()
    return VerifyingKey(kid, public)


def _coordinates(public: Key) -> dict[str, str]:
    members = public.to_dict()
    return {name: members[name] for name in ("kty", "crv", "x", "y")}
