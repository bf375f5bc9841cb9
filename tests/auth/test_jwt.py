"""Keys that come in from outside, and the one form of what the service signs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jose.utils import base64url_encode

from app.auth.jwt import (
    NotGenuine,
    SigningKey,
    embedded_key,
    header,
    public_key,
    unverified_subject,
    with_low_s,
)
from app.cli.evidence.findings import BundleProblem
from app.cli.evidence.opened import keys_of
from app.domain.administration.details import PublicKey
from tests.auth.test_clients import new_key
from tests.support.jwk import ES256_KEY, UNUSABLE_KEYS, with_high_s


def test_a_public_key_of_p256_is_taken() -> None:
    key = public_key({**ES256_KEY, "alg": "ES256", "use": "sig", "key_ops": ["verify"], "x5c": []})
    assert key.jwk() == {**ES256_KEY, "alg": "ES256", "use": "sig", "kid": key.kid}


@pytest.mark.parametrize("kind", UNUSABLE_KEYS)
def test_a_key_that_verifies_nothing_is_refused_wherever_one_comes_in(kind: str) -> None:
    members, reason = UNUSABLE_KEYS[kind]
    with pytest.raises(ValueError, match=reason):
        public_key(members)
    with pytest.raises(NotGenuine):  # in a DPoP proof
        embedded_key({"jwk": members})
    with pytest.raises(BundleProblem):  # among keys given to a verifier
        keys_of({"keys": [{**members, "kid": "any"}]}, None)


@given(x=st.integers(0, 2**256 - 1), y=st.integers(0, 2**256 - 1), valid=st.booleans())
def test_acts_take_the_keys_that_can_be_verified_with_and_no_others(
    x: int, y: int, valid: bool
) -> None:
    if valid:
        numbers = new_key().verifying.jwk()
    else:
        both = [base64url_encode(n.to_bytes(32, "big")).decode() for n in (x, y)]
        numbers = dict(zip("xy", both, strict=True))
    coordinates = {name: numbers[name] for name in "xy"}
    assert is_taken_by_acts(coordinates) == is_taken({**ES256_KEY, **coordinates}) == valid


def is_taken_by_acts(coordinates: dict[str, str]) -> bool:
    try:
        PublicKey(**coordinates)
    except ValueError:
        return False
    return True


def is_taken(members: dict[str, Any]) -> bool:
    try:
        public_key(members)
    except ValueError:
        return False
    return True


def test_the_service_signs_in_one_form_and_takes_only_that() -> None:
    key = new_key()
    for number in range(20):
        token = key.sign(b"%d" % number, "tsunagu-receipt+jwt")
        assert token == with_low_s(token)
        assert key.verifying.payload(token) == b"%d" % number
        other = with_high_s(token)
        assert other != token
        assert with_low_s(other) == token
        with pytest.raises(NotGenuine):
            key.verifying.payload(other)


def test_a_client_may_sign_in_either_form() -> None:
    """Most libraries for ES256 make both, each half of the time."""
    key = new_key()
    token = key.sign(b'{"sub":"x"}', "JWT")
    assert key.verifying.claims(with_high_s(token)) == key.verifying.claims(token)


@pytest.mark.parametrize("signature", ["A", "AA", "A" * 85, "A" * 87, "_" * 86])
def test_a_signature_of_another_length_is_none(signature: str) -> None:
    key = new_key()
    signed = key.sign(b"{}", "JWT").rpartition(".")[0]
    for read in (key.verifying.payload, key.verifying.claims):
        with pytest.raises(NotGenuine):
            read(f"{signed}.{signature}")


def signed_as_written(key: SigningKey, head: str, claims: str) -> str:
    """A token whose header and claims are these texts, with a signature that is right."""
    parts = [base64url_encode(text.encode()).decode() for text in (head, claims)]
    signature = key._key.sign(".".join(parts).encode())
    return ".".join([*parts, base64url_encode(signature).decode()])


HEAD, CLAIMS = '{"alg":"ES256","typ":"JWT"}', '{"sub":"x","exp":1}'


def test_a_token_as_it_is_written_here_is_one() -> None:
    key = new_key()
    token = signed_as_written(key, HEAD, CLAIMS)
    assert key.verifying.claims(token) == {"sub": unverified_subject(token), "exp": 1}


@pytest.mark.parametrize(
    "head",
    [
        '{"alg":"ES256","typ":"JWT","typ":"at+jwt"}',
        '{"alg":"HS256","alg":"ES256"}',
        '{"alg":"ES256","b64":false}',
        '{"alg":"ES256","b64":true}',
        '{"alg":"ES256","crit":["exp"]}',
        '{"alg":"ES256","crit":[]}',
        '{"alg":"ES256","x":NaN}',
        '["ES256"]',
    ],
)
def test_a_header_that_can_be_read_in_two_ways_is_refused_though_it_is_signed(head: str) -> None:
    key = new_key()
    token = signed_as_written(key, head, CLAIMS)
    with pytest.raises(NotGenuine):
        header(token)
    with pytest.raises(NotGenuine):
        key.verifying.claims(token)


@pytest.mark.parametrize(
    "claims",
    [
        '{"sub":"x","sub":"y"}',
        '{"sub":"x","aud":{"a":1,"a":2}}',
        '{"sub":"x","exp":NaN}',
        '{"sub":"x","exp":Infinity}',
        '{"sub":"x","exp":-Infinity}',
        '["x"]',
        '{"sub":"x"} {}',
        "[" * 5_000,
    ],
)
def test_claims_that_can_be_read_in_two_ways_are_refused_though_they_are_signed(
    claims: str,
) -> None:
    key = new_key()
    token = signed_as_written(key, HEAD, claims)
    with pytest.raises(NotGenuine):
        key.verifying.claims(token)
    with pytest.raises(NotGenuine):
        unverified_subject(token)
