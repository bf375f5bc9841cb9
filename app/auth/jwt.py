"""Compact JWS with ES256, and nothing else. The only module that uses python-jose.

It is stricter than jose. The algorithm is always ES256, whatever the header says. Keys are parsed
once, from PEM or JWK, never from DER. Only the signature is left to jose: it reads JSON in which a
name occurs twice or a number is NaN, and its checks of claims use the system's clock for `exp`,
accept a token without `aud`, and fail on claims that are not numbers.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError
from jose.utils import base64url_encode

_ALGORITHM = "ES256"
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LONGEST = 8192
_COORDINATE = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""32 bytes in base64url: the last character has four bits of them, and is spelt in one way."""
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The number of points of P-256 (SP 800-186 §3.2.1.3). Where (r, s) is a signature, (r, order - s)
is one, too; what the service signs has the smaller s, and only that is taken."""


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
        header(token)
        try:
            payload = jws.verify(token, self._key, algorithms=[_ALGORITHM])
        except (JOSEError, RecursionError) as error:
            raise NotGenuine("the signature or the form is wrong") from error
        return _object(payload)

    def payload(self, token: str) -> bytes:
        """Verify the signature of a receipt or bundle and give the bytes that were signed.

        Unlike a token of a client, it has one form only: the one that `SigningKey.sign` makes.

        Raises:
            NotGenuine: this key did not sign them with ES256, or the form is another.
        """
        _check_form(token)
        try:
            payload = jws.verify(token, self._key, algorithms=[_ALGORITHM])
        except (JOSEError, RecursionError) as error:
            raise NotGenuine("the signature or the form is wrong") from error
        if token != with_low_s(token):
            raise NotGenuine("the signature is in its other form")
        return payload

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
        return with_low_s(jws.sign(payload, self._key, headers=headers, algorithm=_ALGORITHM))


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
    """The public key in a JWK, wherever one comes in: from a client, in a proof, in a key set.

    Raises:
        ValueError: it is not a public P-256 key for ES256 signatures; the message says why, and
            repeats nothing of the key.
    """
    for reason, applies in _reasons_against(jwk_members):
        if applies:
            raise ValueError(reason)
    members = {name: jwk_members[name] for name in ("kty", "crv", "x", "y")}
    try:
        return _verifying_key(_construct_key({**members, "alg": _ALGORITHM}))
    except ValueError:
        raise ValueError("its x and y are no point of P-256") from None


def _reasons_against(members: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Why a JWK is not a public P-256 key for ES256, each with whether it applies."""
    yield "it is a set of keys: give one of them alone", "keys" in members
    yield "it holds a private key, which must not leave its owner", bool(_PRIVATE & members.keys())
    curve = members.get("kty"), members.get("crv")
    yield "it is not a key of P-256 (kty EC, crv P-256)", curve != ("EC", "P-256")
    yield "its alg is not ES256", members.get("alg", _ALGORITHM) != _ALGORITHM
    yield "its use is not sig", members.get("use", "sig") != "sig"
    operations = members.get("key_ops", ["verify"])
    verifies = isinstance(operations, list) and "verify" in operations
    yield "its key_ops do not have verify", not verifies
    for name in ("x", "y"):
        spelt = isinstance(at := members.get(name), str) and bool(_COORDINATE.fullmatch(at))
        yield f"its {name} is not 32 bytes in base64url without padding", not spelt


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
    head = _object(_decode(token.partition(".")[0]))
    # `b64` is one that changes what is signed (RFC 7797), whether `crit` names it or not.
    if "crit" in head or "b64" in head:
        raise NotGenuine("the header asks for an extension")
    return head


def unverified_subject(token: str) -> object:
    """The `sub` of `token`, not verified: it tells whose key verifies the signature.

    Raises:
        NotGenuine: it has no readable claims.
    """
    _check_form(token)
    return _object(_decode(token.split(".")[1])).get("sub")


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


def with_low_s(token: str) -> str:
    """The same compact JWS of ES256, its signature in the form with the smaller s."""
    signed, _, encoded = token.rpartition(".")
    signature = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    s = int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or s <= _ORDER // 2 or s >= _ORDER:
        return token
    low = signature[:32] + (_ORDER - s).to_bytes(32, "big")
    return f"{signed}.{base64url_encode(low).decode()}"


def _decode(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise NotGenuine("a part is not base64url") from error


def _object(raw: bytes) -> dict[str, Any]:
    """The JSON object of a header or of claims, which can be read in one way only.

    Raises:
        NotGenuine: it is none, a name occurs twice in it (RFC 7515 §4), or a number is none.
    """
    try:
        members = json.loads(
            raw.decode(), object_pairs_hook=_unique_names, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise NotGenuine("it is no JSON that can be read in one way") from error
    if not isinstance(members, dict):
        raise NotGenuine("it is no JSON object")
    return members


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _no_number(_name: str) -> NoReturn:
    raise ValueError("not JSON")


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
