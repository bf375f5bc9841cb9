import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from app.adapters.keys.folder import KeyFolder

NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_one_key_of_each_kind(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path / "data" / "keys")
    folder.prepare(NOW)

    (signing,) = folder.signing()
    (master,) = folder.masters()
    assert signing.signs_from == NOW
    assert (master.version, len(master.secret)) == (1, 32)


def test_only_the_owner_reads_the_keys(tmp_path: Path) -> None:
    KeyFolder(tmp_path / "keys").prepare(NOW)

    assert mode(tmp_path / "keys") == 0o700
    assert {mode(f) for f in (tmp_path / "keys").iterdir() if f.name != ".lock"} == {0o600}


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(NOW)
    before = folder.signing(), folder.masters()

    KeyFolder(tmp_path).prepare(NOW + timedelta(days=1))

    assert (folder.signing(), folder.masters()) == before


@pytest.mark.parametrize("attempt", range(5))
def test_starts_at_the_same_moment_agree_on_one_key(tmp_path: Path, attempt: int) -> None:
    folder = KeyFolder(tmp_path / "keys")
    together = Barrier(8)

    def start(_: int) -> tuple[object, object]:
        together.wait()
        folder.prepare(NOW)
        return folder.signing(), folder.masters()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1, attempt
    assert not [name for name in os.listdir(tmp_path / "keys") if name.startswith(".new-")]


def test_keys_made_in_the_same_second_do_not_replace_each_other(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(NOW)

    added = [folder.add_signing(NOW), folder.add_signing(NOW)]

    assert list(folder.signing())[1:] == added
    assert [pem.signs_from - NOW for pem in added] == [timedelta(seconds=1), timedelta(seconds=2)]


def test_master_keys_are_ordered_by_their_number(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(NOW)
    for version in (10, 2):
        (tmp_path / f"master-{version}.key").write_bytes(bytes([version]) * 32)

    assert [key.version for key in folder.masters()] == [1, 2, 10]


def test_a_master_key_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(NOW)
    (tmp_path / "master-2.key").write_bytes(b"short")

    with pytest.raises(ValueError, match=r"master-2\.key"):
        folder.masters()


def test_no_key_stands_in_what_is_printed_of_it(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(NOW)
    (signing,), (master,) = folder.signing(), folder.masters()

    assert "PRIVATE" not in repr(signing)
    assert repr(master.secret) not in repr(master)
