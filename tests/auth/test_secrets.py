import re

import pytest

from app.auth.secrets import hash_secret, new_secret, verify_secret


def test_a_secret_is_long_recognisable_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(re.fullmatch(r"tsc_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_a_secret_is_known_by_its_hash_alone() -> None:
    secret = new_secret()
    stored = hash_secret(secret)

    assert verify_secret(secret, stored)
    assert secret not in stored
    assert stored != hash_secret(secret)


@pytest.mark.parametrize("wrong", ["", "tsc_", "\ud800", "秘密", "x" * 100_000])
def test_another_secret_is_not(wrong: str) -> None:
    assert not verify_secret(wrong, hash_secret(new_secret()))


def test_a_client_that_there_is_not_has_no_secret() -> None:
    assert not verify_secret(new_secret(), None)
