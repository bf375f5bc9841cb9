"""The log's keys: made once, replaced beside the old one, published for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.adapters.keys.checkpoint_keys import (
    OVERLAP,
    CheckpointKeys,
    existing_checkpoint_keys,
    prepare_checkpoint_keys,
)
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.signatures import verifies
from app.adapters.outage import CannotStart

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare_log(NOW)
    return folder


def test_the_first_key_is_made_once_for_its_owner_only(folder: KeyFolder, tmp_path: Path) -> None:
    (pem,) = folder.log_signing()
    folder.prepare_log(NOW + DAY)
    assert folder.log_signing() == (pem,)
    (file,) = (tmp_path / "keys").glob("log-*.pem")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" in pem.pem
    assert "PRIVATE" not in repr(CheckpointKeys(folder, "x.test/log").signers(NOW))


def test_a_signature_is_checked_by_the_published_key(folder: KeyFolder) -> None:
    keys = CheckpointKeys(folder, "x.test/log")
    (signer,), (public,) = keys.signers(NOW), keys.public_keys()
    signature = signer.sign(b"text")
    assert verifies(public.public, signature, b"text")
    assert not verifies(public.public, signature, b"texT")
    assert not verifies(b"short", signature, b"text")
    assert not verifies(public.public, b"short", b"text")


def test_a_replaced_key_signs_beside_its_successor_for_a_while_and_stays_published(
    folder: KeyFolder,
) -> None:
    keys = CheckpointKeys(folder, "x.test/log")
    (old,) = keys.signers(NOW)
    folder.add_log(NOW + DAY)
    assert keys.signers(NOW) == (old,)
    first, new = keys.signers(NOW + DAY)
    assert first == old
    assert keys.signers(NOW + DAY + OVERLAP) == (new,)
    assert keys.public_keys() == (old.key, new.key)


def test_a_clock_that_stands_before_every_key_still_has_one(folder: KeyFolder) -> None:
    assert len(CheckpointKeys(folder, "x.test/log").signers(NOW - DAY)) == 1


def test_two_keys_of_one_second_are_two(folder: KeyFolder) -> None:
    folder.add_log(NOW)
    assert len(CheckpointKeys(folder, "x.test/log").public_keys()) == 2


def test_an_unreadable_key_leaves_those_in_use(folder: KeyFolder, tmp_path: Path) -> None:
    keys = CheckpointKeys(folder, "x.test/log")
    before = keys.signers(NOW)
    (tmp_path / "keys" / "log-20261124T000000Z.pem").write_bytes(b"half")
    assert keys.signers(NOW + DAY) == before


def test_without_any_key_nothing_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no key"):
        CheckpointKeys(KeyFolder(tmp_path), "x.test/log")


def test_a_log_keeps_its_first_name_whatever_the_service_is_called_later(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare_log(NOW)
    assert existing_checkpoint_keys(folder, "a.test/log").name == "a.test/log"
    assert prepare_checkpoint_keys(folder, NOW, None, "b.test/log").name == "b.test/log"
    assert prepare_checkpoint_keys(folder, NOW, None, "c.test/log").name == "b.test/log"
    assert existing_checkpoint_keys(folder, "a.test/log").name == "b.test/log"
    assert prepare_checkpoint_keys(folder, NOW, "b.test/log", "c.test/log").name == "b.test/log"
    with pytest.raises(CannotStart, match=r"named b\.test/log"):
        prepare_checkpoint_keys(folder, NOW, "c.test/log", "b.test/log")


def test_a_name_that_is_given_is_the_first_one(tmp_path: Path) -> None:
    keys = prepare_checkpoint_keys(
        KeyFolder(tmp_path / "keys"), NOW, "given.test/log", "default.test/log"
    )
    assert keys.name == keys.public_keys()[0].name == "given.test/log"
