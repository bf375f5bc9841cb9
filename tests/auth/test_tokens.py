import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.auth.jwt import SigningKey, signing_key
from app.auth.signing_keys import OVERLAP
from app.auth.tokens import LONGEST_LIFE, SKEW, TokenTerms
from app.domain.access.caller import Caller
from app.domain.errors import NotAuthenticated
from tests.auth.conftest import Authority

CLAIMS = {"iss", "aud", "sub", "agency", "seat", "role", "scope", "classes", "iat", "exp"}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, claims, _ = token.split(".")
    padded = [base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in (head, claims)]
    return json.loads(padded[0]), json.loads(padded[1])


@pytest.fixture
def forge(authority: Authority, caller: Caller) -> Callable[..., str]:
    """Signs a token with our own key, with claims that we would not write."""

    def forge(drop: str = "", typ: str = "at+jwt", **changed: Any) -> str:
        _, claims = decode(authority.issuer.issue(caller, authority.now).token)
        claims = {k: v for k, v in {**claims, **changed}.items() if k != drop}
        key = authority.keys.ring().signing(authority.now)
        return key.sign(json.dumps(claims).encode(), typ)

    return forge


def is_refused(authority: Authority, token: str) -> bool:
    with pytest.raises(NotAuthenticated) as error:
        authority.read(token)
    return error.value.facts == {}


def test_a_token_gives_back_the_caller_it_was_issued_for(
    authority: Authority, caller: Caller
) -> None:
    issued = authority.issuer.issue(caller, authority.now)

    assert authority.read(issued.token) == caller
    assert issued.expires_at - issued.issued_at == timedelta(minutes=10)


def test_a_token_says_what_the_contract_promises(authority: Authority, caller: Caller) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)

    assert head == {
        "alg": "ES256",
        "typ": "at+jwt",
        "kid": authority.keys.ring().signing(authority.now).verifying.kid,
    }
    assert set(claims) >= CLAIMS | {"jti"}
    assert claims["scope"] == "referral:decide referral:read"


def test_a_token_without_the_scope_to_decide_does_not_decide(
    authority: Authority, forge: Callable[..., str]
) -> None:
    assert not authority.read(forge(scope="referral:read")).decides


def test_a_token_lives_for_ten_minutes_of_our_clock(authority: Authority, caller: Caller) -> None:
    token = authority.issuer.issue(caller, authority.now).token

    authority.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert authority.read(token) == caller
    authority.advance(timedelta(seconds=1))
    assert is_refused(authority, token)


def test_a_remembered_token_expires_as_well(authority: Authority, caller: Caller) -> None:
    token = authority.issuer.issue(caller, authority.now).token

    authority.advance(timedelta(minutes=10) - timedelta(seconds=5))
    authority.read(token)
    authority.now += timedelta(seconds=5)

    assert is_refused(authority, token)


@pytest.mark.parametrize("name", ["center-13.system", "center-13.decider", "center-13"])
def test_whoever_is_disabled_is_out_at_once(
    authority: Authority, caller: Caller, name: str
) -> None:
    token = authority.issuer.issue(caller, authority.now).token
    authority.read(token)

    authority.disabled.add(name)

    assert is_refused(authority, token)


def test_a_token_whose_header_asks_for_no_algorithm_is_refused(
    authority: Authority, caller: Caller
) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)

    for algorithm in ("none", "None", "", None, ["ES256"]):
        unsigned = f"{part({**head, 'alg': algorithm})}.{part(claims)}"
        assert is_refused(authority, f"{unsigned}.")
        assert is_refused(authority, f"{unsigned}.{part(b'0' * 64)}")


@pytest.mark.parametrize(
    "changed", [{"alg": "HS256"}, {"alg": "ES384"}, {"crit": ["exp"]}], ids=str
)
def test_a_header_that_asks_for_more_is_refused_though_we_signed_it(
    authority: Authority, caller: Caller, changed: dict[str, Any]
) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)
    key = authority.keys.ring().signing(authority.now)

    def sign(header: dict[str, Any]) -> str:
        text = f"{part(header)}.{part(claims)}"
        return f"{text}.{part(key._key.sign(text.encode()))}"

    assert authority.read(sign(head)) == caller
    assert is_refused(authority, sign({**head, **changed}))


def test_our_public_key_is_no_shared_secret(authority: Authority, caller: Caller) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)
    private = load_pem_private_key(authority.folder.signing()[0].pem, None)
    signed = f"{part({**head, 'alg': 'HS256'})}.{part(claims)}"

    for encoding in (Encoding.PEM, Encoding.DER):
        public = private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        tag = hmac.new(public, signed.encode(), hashlib.sha256).digest()
        assert is_refused(authority, f"{signed}.{part(tag)}")


def test_a_key_of_someone_else_under_our_kid_is_refused(
    authority: Authority, caller: Caller
) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)
    stranger = signing_key(pem_of(ec.SECP256R1()))

    payload = json.dumps(claims).encode()
    token = SigningKey(authority.keys.ring().signing(authority.now).verifying, stranger._key).sign(
        payload, "at+jwt"
    )

    assert decode(token)[0] == head
    assert is_refused(authority, token)


def test_a_kid_that_we_do_not_have_is_refused(authority: Authority, caller: Caller) -> None:
    head, claims = decode(authority.issuer.issue(caller, authority.now).token)
    stranger = signing_key(pem_of(ec.SECP256R1()))

    assert is_refused(authority, stranger.sign(json.dumps(claims).encode(), "at+jwt"))
    for kid in (None, 7, ["x"], {"x": 1}, "../../etc/passwd"):
        assert is_refused(
            authority, f"{part({**head, 'kid': kid})}.{part(claims)}.{part(b'0' * 64)}"
        )


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_a_token_without_one_of_its_claims_is_refused(
    authority: Authority, forge: Callable[..., str], claim: str
) -> None:
    authority.read(forge())
    assert is_refused(authority, forge(drop=claim))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "other"},
        {"aud": ["tsunagu"]},
        {"iss": "https://other.example"},
        {"iss": ["https://tsunagu.example"]},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": [1]},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"iat": "soon"},
        {"iat": True},
        {"more": "x" * 9000},
        {"iat": None},
        {"sub": ""},
        {"sub": 7},
        {"classes": "C0 C1"},
        {"scope": ["referral:read"]},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_claim_of_the_wrong_kind_is_refused(
    authority: Authority, forge: Callable[..., str], changed: dict[str, Any]
) -> None:
    assert is_refused(authority, forge(**changed))


def test_a_token_from_the_future_is_refused(
    authority: Authority, forge: Callable[..., str]
) -> None:
    second = int(authority.now.timestamp())

    authority.read(forge(iat=second + int(SKEW.total_seconds())))
    assert is_refused(authority, forge(iat=second + int(SKEW.total_seconds()) + 1))


def test_a_receipt_is_no_token_and_a_token_is_no_receipt(
    authority: Authority, forge: Callable[..., str]
) -> None:
    assert is_refused(authority, forge(typ="tsunagu-receipt+jwt"))
    assert is_refused(authority, forge(typ="JWT"))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "....",
        "é.é.é",
        "\ud800.a.b",
        "a" * 100_000,
        f"{base64.urlsafe_b64encode(b'[' * 5000).rstrip(b'=').decode()}.e30.AA",
        f"{part([])}.{part([])}.AA",
        f"{part({'alg': 'ES256', 'crit': ['b64'], 'b64': False})}.{part({})}.AA",
    ],
    ids=range(12),
)
def test_nonsense_is_refused_like_any_bad_token(authority: Authority, token: str) -> None:
    assert is_refused(authority, token)


def test_characters_that_decoders_skip_make_no_second_token(
    authority: Authority, caller: Caller
) -> None:
    token = authority.issuer.issue(caller, authority.now).token

    for spoilt in (f"{token}=", f"{token}\n", token.replace(".", ".!", 1), f" {token}"):
        assert is_refused(authority, spoilt)


def test_only_pem_keys_of_the_right_curve_are_taken() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    for key in (der, public, pem_of(ec.SECP384R1()), b"-----BEGIN NOTHING-----", b""):
        with pytest.raises(ValueError, match="key"):
            signing_key(key)


def test_the_memory_for_tokens_is_bounded(authority: Authority, caller: Caller) -> None:
    tokens = [authority.issuer.issue(caller, authority.now).token for _ in range(5)]

    for token in tokens:
        assert authority.read(token) == caller

    assert len(authority.reader._cache) == 3


def test_a_key_that_is_taken_away_is_believed_no_longer(
    authority: Authority, caller: Caller
) -> None:
    token = authority.issuer.issue(caller, authority.now).token
    authority.read(token)

    authority.folder.add_signing(authority.now)
    (authority.path / authority.folder.mark()[0]).unlink()
    authority.advance(timedelta(seconds=2))

    assert is_refused(authority, token)


def test_old_keys_outlive_the_tokens_they_signed() -> None:
    assert OVERLAP > LONGEST_LIFE + SKEW
    with pytest.raises(ValueError, match="an hour"):
        TokenTerms("iss", "aud", LONGEST_LIFE + SKEW)


def pem_of(curve: ec.EllipticCurve) -> bytes:
    key = ec.generate_private_key(curve)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
