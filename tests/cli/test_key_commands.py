from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.adapters.keys import KeyFolder
from app.auth.keys import SigningKeys
from app.cli import cli


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TSUNAGU_DATA_DIR", str(tmp_path))
    return tmp_path


def tsunagu(*words: str) -> str:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_rotation_is_seen_by_a_process_that_runs(data_dir: Path) -> None:
    tsunagu("keys", "list")
    ticks = iter(range(10))
    running = SigningKeys(KeyFolder(data_dir / "keys"), ticks=lambda: next(ticks))

    tsunagu("keys", "rotate-signing")

    assert len(running.ring().keys) == 2


def test_the_list_says_what_each_key_is_for_and_shows_none(data_dir: Path) -> None:
    tsunagu("keys", "rotate-signing")
    listed = tsunagu("keys", "list")

    folder = KeyFolder(data_dir / "keys")
    first, second = SigningKeys(folder).ring().keys
    assert f"{first.key.verifying.kid}" in listed
    assert f"{second.key.verifying.kid}" in listed
    assert "published" in listed
    assert "PRIVATE" not in listed
    assert folder.masters()[0].secret.hex() not in listed
