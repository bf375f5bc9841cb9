"""`tsunagu demo` finds the clients of the service on this machine, whichever its data folder is."""

import tempfile
from pathlib import Path

import pytest

from app.cli.story.clients_file import find, remember
from app.cli.story.demo_clients import FILE
from app.settings import Settings

URL = "http://127.0.0.1:8099"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with clients in it, and a place of our own for the notes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TSUNAGU_DATA_DIR", raising=False)
    data = tmp_path / "own"
    data.mkdir()
    (data / FILE).write_text("[]")
    return data


def test_the_service_that_was_started_last_on_a_port_is_found(folder: Path) -> None:
    default = Settings().data_dir / FILE
    assert find(Settings(), URL) == default
    remember(Settings(data_dir=folder, port=8099))
    assert find(Settings(), URL) == folder / FILE
    for elsewhere in ("http://127.0.0.1:8098", "https://tsunagu.example:8099", "http://127.0.0.1"):
        assert find(Settings(), elsewhere) == default
    told = Settings(data_dir=folder / "other")
    assert find(told, URL) == folder / "other" / FILE
    (folder / FILE).unlink()
    assert find(Settings(), URL) == default


def test_a_note_that_somebody_else_may_have_written_is_not_believed(folder: Path) -> None:
    remember(Settings(data_dir=folder, port=8099))
    (notes,) = folder.parent.glob("tsunagu-*")
    notes.chmod(0o777)
    assert find(Settings(), URL) == Settings().data_dir / FILE
    remember(Settings(data_dir=folder, port=8097))
    assert not (notes / "8097").exists()
