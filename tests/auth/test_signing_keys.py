from datetime import timedelta

import pytest

from app.auth.jwt import NotGenuine
from app.auth.signing_keys import OVERLAP, PUBLISHED_BEFORE, SigningKeys, Use
from app.domain.access.caller import Caller
from tests.auth.conftest import NOW, Desk


def kids(desk: Desk) -> list[str]:
    return [key["kid"] for key in desk.keys.ring().jwks()["keys"]]


def uses(desk: Desk) -> list[Use]:
    return [held.use(desk.now) for held in desk.keys.ring().keys]


def test_a_new_key_is_published_before_it_signs(desk: Desk) -> None:
    (old,) = kids(desk)
    desk.folder.add_signing(desk.now + PUBLISHED_BEFORE)
    desk.passes(timedelta(0))

    assert len(kids(desk)) == 2
    assert uses(desk) == [Use.SIGNING, Use.NEXT]
    assert desk.keys.ring().signing(desk.now).verifying.kid == old

    desk.passes(PUBLISHED_BEFORE)
    assert uses(desk) == [Use.VERIFYING, Use.SIGNING]
    assert desk.keys.ring().signing(desk.now).verifying.kid != old

    desk.passes(OVERLAP)
    assert uses(desk) == [Use.RECEIPTS, Use.SIGNING]


def test_no_token_dies_of_a_rotation(desk: Desk, caller: Caller) -> None:
    desk.folder.add_signing(desk.now + timedelta(seconds=1))
    token = desk.issuer.issue(caller, desk.now).token

    desk.passes(timedelta(minutes=9, seconds=59))

    assert desk.read(token) == caller


def test_an_old_key_signs_no_token_any_more(desk: Desk, caller: Caller) -> None:
    old = desk.issuer
    desk.folder.add_signing(desk.now)
    desk.passes(OVERLAP)
    stolen = desk.keys.ring().keys[0].key.verifying.kid

    assert desk.keys.ring().for_token(stolen, desk.now) is None
    assert desk.read(old.issue(caller, desk.now).token) == caller


def test_a_receipt_is_genuine_years_after_its_key(desk: Desk) -> None:
    receipt = desk.receipts.sign(b'{"referral_id":"1"}')

    desk.folder.add_signing(desk.now)
    desk.passes(timedelta(days=3650))

    assert desk.receipts.verify(receipt) == b'{"referral_id":"1"}'
    assert desk.receipts.sign(b"x").split(".")[0] != receipt.split(".")[0]


def test_a_changed_receipt_is_not_genuine(desk: Desk, caller: Caller) -> None:
    head, _, signature = desk.receipts.sign(b"{}").split(".")

    for forged in (
        f"{head}.e31.{signature}",
        f"{head}.e30.{signature[:-4]}AAAA",
        "e30.e30.AA",
        desk.issuer.issue(caller, desk.now).token,
    ):
        with pytest.raises(NotGenuine):
            desk.receipts.verify(forged)


def test_the_published_keys_hold_no_private_part(desk: Desk) -> None:
    (key,) = desk.keys.ring().jwks()["keys"]

    assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}


def test_a_clock_before_the_first_key_still_signs(desk: Desk, caller: Caller) -> None:
    desk.passes(timedelta(days=-400))

    assert desk.read(desk.issuer.issue(caller, desk.now).token) == caller


def test_a_key_that_cannot_be_read_does_not_stop_the_others(
    desk: Desk, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    (desk.path / "signing-20260101T000000Z.pem").write_text("half a copy")
    desk.passes(timedelta(0))

    assert desk.read(desk.issuer.issue(caller, desk.now).token) == caller
    assert "cannot be read" in caplog.text


def test_the_folder_is_looked_at_once_a_second(desk: Desk) -> None:
    desk.folder.add_signing(NOW)

    desk.tick = 0.9
    assert len(kids(desk)) == 1
    desk.tick = 1.0
    assert len(kids(desk)) == 2


def test_a_service_without_a_key_does_not_start(desk: Desk) -> None:
    (desk.path / desk.folder.mark()[0]).unlink()

    with pytest.raises(ValueError, match="no signing key"):
        SigningKeys(desk.folder)
