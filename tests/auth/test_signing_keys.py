from datetime import timedelta

import pytest

from app.auth.jwt import NotGenuine
from app.auth.signing_keys import OVERLAP, PUBLISHED_BEFORE, SigningKeys, Use
from app.domain.access.caller import Caller
from tests.auth.conftest import NOW, Authority


def kids(authority: Authority) -> list[str]:
    return [key["kid"] for key in authority.keys.ring().jwks()["keys"]]


def uses(authority: Authority) -> list[Use]:
    return [ring_key.use(authority.now) for ring_key in authority.keys.ring().keys]


def test_a_new_key_is_published_before_it_signs(authority: Authority) -> None:
    (old,) = kids(authority)
    authority.folder.add_signing(authority.now + PUBLISHED_BEFORE)
    authority.advance(timedelta(0))

    assert len(kids(authority)) == 2
    assert uses(authority) == [Use.SIGNING, Use.NEXT]
    assert authority.keys.ring().signing(authority.now).verifying.kid == old

    authority.advance(PUBLISHED_BEFORE)
    assert uses(authority) == [Use.VERIFYING, Use.SIGNING]
    assert authority.keys.ring().signing(authority.now).verifying.kid != old

    authority.advance(OVERLAP)
    assert uses(authority) == [Use.RECEIPTS, Use.SIGNING]


def test_no_token_dies_of_a_rotation(authority: Authority, caller: Caller) -> None:
    authority.folder.add_signing(authority.now + timedelta(seconds=1))
    token = authority.issuer.issue(caller, authority.now).token

    authority.advance(timedelta(minutes=9, seconds=59))

    assert authority.read(token) == caller


def test_an_old_key_signs_no_token_any_more(authority: Authority, caller: Caller) -> None:
    old = authority.issuer
    authority.folder.add_signing(authority.now)
    authority.advance(OVERLAP)
    stolen = authority.keys.ring().keys[0].key.verifying.kid

    assert authority.keys.ring().for_token(stolen, authority.now) is None
    assert authority.read(old.issue(caller, authority.now).token) == caller


def test_a_receipt_is_genuine_years_after_its_key(authority: Authority) -> None:
    receipt = authority.receipts.sign(b'{"referral_id":"1"}')

    authority.folder.add_signing(authority.now)
    authority.advance(timedelta(days=3650))

    assert authority.receipts.verify(receipt) == b'{"referral_id":"1"}'
    assert authority.receipts.sign(b"x").split(".")[0] != receipt.split(".")[0]


def test_a_changed_receipt_is_not_genuine(authority: Authority, caller: Caller) -> None:
    head, _, signature = authority.receipts.sign(b"{}").split(".")

    for forged in (
        f"{head}.e31.{signature}",
        f"{head}.e30.{signature[:-4]}AAAA",
        "e30.e30.AA",
        authority.issuer.issue(caller, authority.now).token,
    ):
        with pytest.raises(NotGenuine):
            authority.receipts.verify(forged)


def test_the_published_keys_hold_no_private_part(authority: Authority) -> None:
    (key,) = authority.keys.ring().jwks()["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}


def test_a_clock_before_the_first_key_still_signs(authority: Authority, caller: Caller) -> None:
    authority.advance(timedelta(days=-400))

    assert authority.read(authority.issuer.issue(caller, authority.now).token) == caller


def test_a_key_that_cannot_be_read_does_not_stop_the_others(
    authority: Authority, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    (authority.path / "signing-20260101T000000Z.pem").write_text("half a copy")
    authority.advance(timedelta(0))

    assert authority.read(authority.issuer.issue(caller, authority.now).token) == caller
    assert "cannot be read" in caplog.text


def test_the_folder_is_looked_at_once_a_second(authority: Authority) -> None:
    authority.folder.add_signing(NOW)

    authority.tick = 0.9
    assert len(kids(authority)) == 1
    authority.tick = 1.0
    assert len(kids(authority)) == 2


def test_a_service_without_a_key_does_not_start(authority: Authority) -> None:
    (authority.path / authority.folder.mark()[0]).unlink()

    with pytest.raises(ValueError, match="no signing key"):
        SigningKeys(authority.folder)
