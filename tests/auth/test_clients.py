import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.auth.clients import (
    ASSERTION_TYPE,
    ClientAssertion,
    ClientSecret,
    TokenRefused,
    authenticate_by_assertion,
    authenticate_by_secret,
    authorize,
    read_credentials,
)
from app.auth.jwt import SigningKey, public_key, signing_key
from app.auth.scopes import ROLES
from app.auth.secrets import hash_secret, new_secret
from app.auth.tokens import SKEW
from app.domain.access.clients import RegisteredClient
from tests.auth.conftest import NOW

Make = Callable[..., RegisteredClient]
ID = "center-13.system"
ENDPOINT = "https://tsunagu.example/oauth/token"
AUDIENCES = frozenset({ENDPOINT, "https://tsunagu.example"})


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(TokenRefused) as error:
        call()
    return error.value.error


def is_refused(record: RegisteredClient | None, presented: ClientAssertion) -> bool:
    return (
        error_of(lambda: authenticate_by_assertion(record, presented, AUDIENCES, NOW))
        == "invalid_client"
    )


def new_key() -> SigningKey:
    private = ec.generate_private_key(ec.SECP256R1())
    return signing_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def assertion(key: SigningKey, typ: str = "JWT", **changes: Any) -> str:
    claims = {
        "iss": ID,
        "sub": ID,
        "aud": ENDPOINT,
        "exp": int((NOW + timedelta(minutes=4)).timestamp()),
        "jti": "once",
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return key.sign(json.dumps(claims).encode(), typ)


def by_assertion(text: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": text}


def test_a_client_presents_itself_with_its_secret() -> None:
    assert read_credentials(basic(f"{ID}:tsc_x"), {}) == ClientSecret(ID, "tsc_x")
    assert read_credentials(basic("center%2D13.system:a%3Ab+c"), {}) == ClientSecret(ID, "a:b c")
    again = basic(f"{ID}:x").replace("Basic", "bAsIc")
    assert read_credentials(again, {"client_id": ID}) == ClientSecret(ID, "x")


def test_a_client_presents_itself_with_an_assertion() -> None:
    token = assertion(new_key())

    assert read_credentials(None, by_assertion(token)) == ClientAssertion(ID, token)


@pytest.mark.parametrize(
    ("authorization", "form", "error"),
    [
        (None, {}, "invalid_client"),
        (None, {"client_id": ID, "client_secret": "tsc_x"}, "invalid_client"),
        (basic(f"{ID}:x"), {"client_secret": "x"}, "invalid_request"),
        (basic(f"{ID}:x"), by_assertion("a.b.c"), "invalid_request"),
        (None, {"client_assertion": "a.b.c"}, "invalid_request"),
        (None, {"client_assertion_type": ASSERTION_TYPE}, "invalid_request"),
        (None, by_assertion("a.b.c"), "invalid_client"),
        ("Bearer abc", {}, "invalid_client"),
        ("Basic", {}, "invalid_client"),
        ("Basic !!!", {}, "invalid_client"),
        (basic("no colon"), {}, "invalid_client"),
        (basic(":x"), {}, "invalid_client"),
        (basic("\0:x"), {}, "invalid_client"),
        (basic("a b:x"), {}, "invalid_client"),
        ("Basic /////w==", {}, "invalid_client"),
        (basic(f"{ID}:x"), {"client_id": "center-14.system"}, "invalid_client"),
    ],
)
def test_another_presentation_is_refused(
    authorization: str | None, form: dict[str, str], error: str
) -> None:
    assert error_of(lambda: read_credentials(authorization, form)) == error


def test_the_right_secret_proves_the_client(make_client: Make) -> None:
    secret = new_secret()
    record = make_client(secret_hash=hash_secret(secret))

    assert authenticate_by_secret(record, ClientSecret(ID, secret)) == record
    assert (
        error_of(lambda: authenticate_by_secret(record, ClientSecret(ID, "x"))) == "invalid_client"
    )
    assert (
        error_of(lambda: authenticate_by_secret(None, ClientSecret(ID, secret))) == "invalid_client"
    )


@pytest.mark.parametrize("flag", ["disabled", "agency_disabled"])
def test_a_disabled_client_proves_nothing(make_client: Make, flag: str) -> None:
    secret, key = new_secret(), new_key()
    record = make_client(
        secret_hash=hash_secret(secret), public_jwk=key.verifying.jwk(), **{flag: True}
    )
    presented = ClientAssertion(ID, assertion(key))

    assert (
        error_of(lambda: authenticate_by_secret(record, ClientSecret(ID, secret)))
        == "invalid_client"
    )
    assert is_refused(record, presented)


def test_an_assertion_of_its_own_key_proves_the_client(make_client: Make) -> None:
    key = new_key()
    record = make_client(public_jwk=key.verifying.jwk())

    for aud in (ENDPOINT, "https://tsunagu.example", [ENDPOINT]):
        authenticated, use = authenticate_by_assertion(
            record, ClientAssertion(ID, assertion(key, aud=aud)), AUDIENCES, NOW
        )
        assert authenticated == record
        assert (use.jti, use.until) == ("once", NOW + timedelta(minutes=4) + SKEW)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "center-14.system"},
        {"sub": "center-14.system"},
        {"iss": None},
        {"aud": None},
        {"aud": "https://other.example"},
        {"aud": {"x": ENDPOINT}},
        {"aud": [7]},
        {"aud": []},
        {"aud": ["https://other.example", ENDPOINT]},
        {"aud": [ENDPOINT, "https://tsunagu.example"]},
        {"exp": None},
        {"exp": NOW.timestamp()},
        {"exp": (NOW + timedelta(minutes=6)).timestamp()},
        {"exp": 10**400},
        {"exp": [1]},
        {"exp": True},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 300},
        {"iat": (NOW + timedelta(minutes=2)).timestamp()},
        {"iat": {}},
        {"nbf": (NOW + timedelta(minutes=2)).timestamp()},
        {"typ": "at+jwt"},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_an_assertion_for_something_else_proves_nothing(
    make_client: Make, changes: dict[str, Any]
) -> None:
    key = new_key()
    record = make_client(public_jwk=key.verifying.jwk())
    presented = ClientAssertion(ID, assertion(key, **changes))

    assert is_refused(record, presented)


def test_an_assertion_of_another_key_proves_nothing(make_client: Make) -> None:
    key = new_key()
    presented = ClientAssertion(ID, assertion(key))

    for record in (None, make_client(), make_client(public_jwk=new_key().verifying.jwk())):
        assert is_refused(record, presented)


def test_the_stand_in_for_a_missing_key_opens_nothing(make_client: Make) -> None:
    # The private half of RFC 7515's example key, which everyone has.
    number = "8E9B109E719098BF980487DF1F5D77E9CB29606EBED2263B5F57C213DF84F4B2"
    private = ec.derive_private_key(int(number, 16), ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    presented = ClientAssertion(ID, assertion(signing_key(pem)))

    for record in (None, make_client()):
        assert is_refused(record, presented)


def test_a_registered_key_that_is_none_proves_nothing(make_client: Make) -> None:
    key = new_key()
    good = key.verifying.jwk()
    for bad in (
        {"kty": "oct", "k": "c2VjcmV0"},
        {**good, "y": good["x"]},
        {**good, "d": good["x"]},
        {**good, "crv": "P-384"},
        {**good, "x": 7},
    ):
        presented = ClientAssertion(ID, assertion(key))
        record = make_client(public_jwk=bad)
        assert is_refused(record, presented)


def test_a_client_registers_no_private_key() -> None:
    private = new_key()._key.to_dict()

    assert "d" in private
    with pytest.raises(ValueError, match="private"):
        public_key(private)


def test_the_first_active_seat_is_the_default(make_client: Make) -> None:
    caller = authorize(make_client(), None, None)

    assert caller.seat_id == "center-13.viewer"
    assert caller.scopes == ROLES["viewer"]
    assert caller.classes == {"C0", "C1"}
    assert not caller.decides


def test_a_linked_seat_can_be_asked_for(make_client: Make) -> None:
    caller = authorize(make_client(), "center-13.decider", None)

    assert caller.role == "decider"
    assert caller.decides


def test_a_scope_can_be_narrowed(make_client: Make) -> None:
    caller = authorize(make_client(), "center-13.decider", "referral:read  inbox:read")

    assert caller.scopes == {"referral:read", "inbox:read"}
    assert not caller.decides


@pytest.mark.parametrize("scope", ["referral:decide", "referral:read nothing", "REFERRAL:READ"])
def test_a_scope_that_the_role_does_not_hold_is_refused(make_client: Make, scope: str) -> None:
    assert error_of(lambda: authorize(make_client(), None, scope)) == "invalid_scope"


@pytest.mark.parametrize("seat", ["center-14.decider", "center-13.old", "\0"])
def test_a_seat_that_is_not_linked_or_disabled_is_refused(make_client: Make, seat: str) -> None:
    assert error_of(lambda: authorize(make_client(), seat, None)) == "invalid_request"


def test_a_client_without_an_active_seat_gets_nothing(make_client: Make) -> None:
    assert error_of(lambda: authorize(make_client(seats=()), None, None)) == "unauthorized_client"
