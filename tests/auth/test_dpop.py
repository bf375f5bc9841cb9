"""DPoP proofs are valid for one request, one token and one minute."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from app.auth.dpop import PROOF_LIFE, Proof, read_proof
from app.auth.jwt import NotGenuine
from app.auth.tokens import SKEW
from app.domain.access.caller import Caller
from app.domain.errors import NotAuthenticated
from tests.auth.conftest import NOW, Authority

URL = "https://tsunagu.example/v1/inbox"
TOKEN = "a.token.of-ours"
KEY = ec.generate_private_key(ec.SECP256R1())


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (part(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def signature(key: ec.EllipticCurvePrivateKey, text: str) -> bytes:
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def proof(
    key: ec.EllipticCurvePrivateKey = KEY, head: dict[str, Any] | None = None, **changed: Any
) -> str:
    """A valid proof with these claims changed; None leaves a claim out."""
    claims = {
        "jti": "once",
        "htm": "GET",
        "htu": URL,
        "iat": int(NOW.timestamp()),
        "ath": part(hashlib.sha256(TOKEN.encode()).digest()),
        **changed,
    }
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(key), **(head or {})}
    sent_claims = {name: value for name, value in claims.items() if value is not None}
    text = f"{part({k: v for k, v in header.items() if v is not None})}.{part(sent_claims)}"
    return f"{text}.{part(signature(key, text))}"


def read(sent: str, now: datetime = NOW, token: str | None = TOKEN) -> Proof:
    return read_proof([sent], "GET", URL, now, token)


def is_refused(sent: str, now: datetime = NOW, token: str | None = TOKEN) -> bool:
    with pytest.raises(NotGenuine):
        read(sent, now, token)
    return True


def test_a_proof_is_known_by_the_thumbprint_of_its_key() -> None:
    members = json.dumps(jwk(KEY), sort_keys=True, separators=(",", ":")).encode()
    thumbprint = part(hashlib.sha256(members).digest())

    assert (read(proof()).jkt, read(proof()).jti) == (thumbprint, "once")
    assert read(proof(ath=None), token=None).jkt == thumbprint


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_exactly_one_proof(count: int) -> None:
    with pytest.raises(NotGenuine):
        read_proof([proof()] * count, "GET", URL, NOW, TOKEN)


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "POST"},
        {"htm": "get"},
        {"htm": None},
        {"htu": "https://tsunagu.example/v1/inbox/status"},
        {"htu": "https://tsunagu.example/v1/inbox/"},
        {"htu": "https://evil.example/v1/inbox"},
        {"htu": "http://tsunagu.example/v1/inbox"},
        {"htu": "https://tsunagu.example:8443/v1/inbox"},
        {"htu": "https://tsunagu.example@evil.example/v1/inbox"},
        {"htu": "https://[::1/v1/inbox"},
        {"htu": "https://tsunagu.example:99999/v1/inbox"},
        {"htu": "/v1/inbox"},
        {"htu": None},
        {"htu": 7},
        {"ath": None},
        {"ath": part(hashlib.sha256(b"another.token.of-ours").digest())},
        {"ath": hashlib.sha256(TOKEN.encode()).hexdigest()},
        {"ath": "\u3042"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
        {"jti": "\ud800"},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": float("nan")},
        {"iat": 10**400},
        {"more": "x" * 9_000},
    ],
    ids=lambda changed: str(changed)[:50],
)
def test_a_proof_for_another_call_token_or_time_is_refused(changed: dict[str, Any]) -> None:
    read(proof())
    assert is_refused(proof(**changed))


@pytest.mark.parametrize(
    "head",
    [
        {"typ": "JWT"},
        {"typ": "at+jwt"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": None},
        {"crit": ["exp"]},
        {"jwk": None},
        {"jwk": "x"},
        {"jwk": {}},
        {"jwk": {"kty": "oct", "k": part(b"secret")}},
        {"jwk": {**jwk(KEY), "d": "AA"}},
        {"jwk": {**jwk(KEY), "crv": "P-384"}},
        {"jwk": {**jwk(KEY), "x": part(b"\0" * 32)}},
        {"jwk": {**jwk(KEY), "y": 7}},
        {"jwk": jwk(ec.generate_private_key(ec.SECP256R1()))},
    ],
    ids=lambda head: str(head)[:40],  # as far as it is the same in every process
)
def test_a_header_that_is_not_of_a_proof_is_refused(head: dict[str, Any]) -> None:
    assert is_refused(proof(head=head))


def test_a_key_of_rsa_is_no_key_here() -> None:
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    n = part(numbers.n.to_bytes(256, "big"))
    assert is_refused(proof(head={"jwk": {"kty": "RSA", "n": n, "e": "AQAB"}, "alg": "RS256"}))


def test_a_public_key_is_no_shared_secret() -> None:
    head = {"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk(KEY)}
    claims = json.loads(base64.urlsafe_b64decode(proof().split(".")[1] + "=="))
    text = f"{part(head)}.{part(claims)}"
    for encoding in (Encoding.PEM, Encoding.DER):
        public = KEY.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        assert is_refused(
            f"{text}.{part(hmac.new(public, text.encode(), hashlib.sha256).digest())}"
        )
    assert is_refused(f"{text}.")


def test_a_proof_that_was_changed_after_it_was_signed_is_refused() -> None:
    head, claims, signed = proof().split(".")
    other = proof(htm="POST").split(".")[1]
    assert is_refused(f"{head}.{other}.{signed}")
    for nonsense in ("", "x", "a.b.c", "....", "\ud800.a.b", "a" * 100_000, f"{head}.{claims}"):
        assert is_refused(nonsense)


@pytest.mark.parametrize(
    "htu",
    [
        f"{URL}?after=7",
        f"{URL}#x",
        "HTTPS://TSUNAGU.EXAMPLE/v1/inbox",
        "https://tsunagu.example:443/v1/inbox",
    ],
)
def test_how_a_url_is_written_does_not_matter(htu: str) -> None:
    assert read(proof(htu=htu)).jti == "once"


@given(late=st.integers(-3_600, 3_600))
def test_a_proof_is_taken_for_a_minute_and_no_earlier_than_clocks_may_differ(late: int) -> None:
    sent = proof(iat=int(NOW.timestamp()) - late)
    accepted = -SKEW.total_seconds() <= late < PROOF_LIFE.total_seconds()
    if accepted:
        assert read(sent).jkt
    else:
        assert is_refused(sent)


@given(
    age=st.integers(-29_000, 59_999),
    ahead=st.integers(0, 30_000),
    wait=st.integers(0, 200_000),
)
def test_a_proof_is_remembered_while_any_clock_of_ours_takes_it(
    age: int, ahead: int, wait: int
) -> None:
    """In milliseconds: a purge by a clock that is `ahead` keeps what another clock accepts."""
    issued = NOW.timestamp()
    first = NOW + timedelta(milliseconds=age)
    until = read(proof(iat=issued), first).until
    second = first + timedelta(milliseconds=wait)
    forgotten = until < second + timedelta(milliseconds=ahead)
    if forgotten:
        assert is_refused(proof(iat=issued), second)


def test_a_proof_a_receipt_and_an_assertion_are_no_tokens(
    authority: Authority, caller: Caller
) -> None:
    token = authority.issuer.issue(caller, authority.now, jkt="thumb").token
    assert authority.read(token) == caller
    for sent in (proof(), authority.receipts.sign(b"{}")):
        with pytest.raises(NotAuthenticated):
            authority.read(sent)
    assert is_refused(token)


@pytest.mark.parametrize("cnf", ["x", [], {}, {"jkt": ""}, {"jkt": 7}, {"x5t#S256": "y"}, False])
def test_a_token_whose_binding_cannot_be_read_is_refused_not_set_free(
    authority: Authority, caller: Caller, cnf: Any
) -> None:
    claims = authority.issuer.issue(caller, authority.now).token.split(".")[1]
    changed_claims = {**json.loads(base64.urlsafe_b64decode(claims + "==")), "cnf": cnf}
    key = authority.keys.ring().signing(authority.now)
    with pytest.raises(NotAuthenticated):
        authority.read(key.sign(json.dumps(changed_claims).encode(), "at+jwt"))


def test_the_moment_of_a_proof_is_one_of_the_services_clock() -> None:
    assert read(proof()).until == datetime.fromtimestamp(NOW.timestamp(), UTC) + PROOF_LIFE + SKEW
