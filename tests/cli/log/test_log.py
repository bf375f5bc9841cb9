"""`tsunagu log` and the log's keys, as an operator types them."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.database.pool import open_pool
from app.adapters.ids import time_ordered_id
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.sealer import Sealer
from tests.support.command_line import cli

ORIGIN = "127.0.0.1:8080/log"


@pytest.fixture
def urls(new_database: Callable[[], Urls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Urls:
    """A database and a key folder, which the commands find in their settings."""
    created = new_database()
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", created.owner)
    monkeypatch.setenv("TSUNAGU_DATA_DIR", str(tmp_path))
    return created


def say(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def seal_entries(urls: Urls, folder: Path, count: int) -> None:
    """Write that many log entries, and seal them."""

    async def work() -> None:
        keys = KeyFolder(folder / "keys")
        keys.prepare_log(datetime.now(UTC))
        pool = await open_pool(urls.owner, 1, "tests")
        async with pool:
            entries = [
                {"id": str(time_ordered_id(datetime.now(UTC))), "kind": "token", "agencies": ["x"]}
                for _ in range(count)
            ]
            await pool.execute("SELECT write_log(now(), $1)", json.dumps(entries))
            clock = lambda: datetime.now(UTC)  # noqa: E731
            await Sealer(pool, CheckpointKeys(keys, ORIGIN), ORIGIN, clock).seal()

    asyncio.run(work())


def change_leaf(url: str) -> None:
    """Change the sixth leaf, with the trigger disabled."""

    async def work() -> None:
        async with connect(url) as connection:
            await connection.execute("""
                ALTER TABLE log_leaf DISABLE TRIGGER append_only;
                UPDATE log_leaf SET hash = sha256(hash) WHERE index = 5;
                ALTER TABLE log_leaf ENABLE TRIGGER append_only;
            """)

    asyncio.run(work())


def test_verify_says_that_all_is_as_it_was_signed(urls: Urls, tmp_path: Path) -> None:
    seal_entries(urls, tmp_path, 9)
    result = say("log", "verify")
    assert result.exit_code == 0, result.output
    assert "9 leaves, 1 checkpoints" in result.output


def test_verify_names_the_first_leaf_that_was_changed(urls: Urls, tmp_path: Path) -> None:
    seal_entries(urls, tmp_path, 9)
    change_leaf(urls.owner)
    result = say("log", "verify")
    assert result.exit_code == 1
    assert "leaf 5" in str(result.exception)


def test_a_key_that_is_gone_can_be_given(urls: Urls, tmp_path: Path) -> None:
    seal_entries(urls, tmp_path, 3)
    (old,) = CheckpointKeys(KeyFolder(tmp_path / "keys"), ORIGIN).public_keys()
    (file,) = (tmp_path / "keys").glob("log-*.pem")
    assert say("keys", "rotate-log").exit_code == 0
    file.unlink()
    assert say("log", "verify").exit_code == 1
    assert say("log", "verify", "--key", str(old)).exit_code == 0
    assert say("log", "verify", "--key", "nonsense").exit_code == 2


def test_a_new_key_signs_beside_the_old_one_and_both_are_listed(urls: Urls, tmp_path: Path) -> None:
    seal_entries(urls, tmp_path, 1)
    result = say("keys", "rotate-log")
    old, new = map(str, CheckpointKeys(KeyFolder(tmp_path / "keys"), ORIGIN).public_keys())
    assert new in result.output
    listing = say("keys", "list").output
    assert f"log      {old}  signs" in listing
    assert f"log      {new}  signs" in listing
    assert "PRIVATE" not in listing
    assert urls.owner
