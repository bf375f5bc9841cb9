"""`tsunagu keys`, as whoever runs the service types it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.vault import binding
from app.auth.signing_keys import SigningKeys
from app.settings import Settings
from tests.support.command_line import cli

ROWS = 3


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TSUNAGU_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def url(data_dir: Path, new_database: Callable[[], Urls], monkeypatch: pytest.MonkeyPatch) -> str:
    """The owner's login to a database with a few keys under the first master key."""
    url = new_database().owner
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", url)
    folder = KeyFolder(data_dir / "keys")
    folder.prepare(Settings().running_clock()())
    asyncio.run(stock(url, FolderKeys(folder, Settings().running_clock())))
    return url


async def stock(url: str, keys: FolderKeys) -> None:
    async with connect(url) as connection:
        for _ in range(ROWS):
            referral = uuid4()
            await connection.execute(
                'WITH made AS (INSERT INTO "case" VALUES ($1, 1, NULL, now()))'
                " INSERT INTO referral"
                " (id, case_id, flow, reference, state, back, facts, opened_at)"
                " VALUES ($1, $1, 'x', $1::text, 'x', '{}', '{}', now())",
                referral,
            )
            (wrapped,) = await keys.wrap([(binding(referral, "C0"), b"k" * 32)])
            await connection.execute(
                "INSERT INTO referral_key VALUES ($1, 'C0', $2, $3)",
                *(referral, wrapped.master, wrapped.wrapped),
            )


def entries(url: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        async with connect(url) as connection:
            rows = await connection.fetch(
                "SELECT agencies, detail FROM log_entry WHERE kind = 'administration' ORDER BY id"
            )
            return [{**json.loads(row["detail"]), "agencies": row["agencies"]} for row in rows]

    return asyncio.run(read())


def say(*words: str) -> Result:
    return CliRunner().invoke(cli, ["keys", *words])


def tsunagu(*words: str) -> str:
    result = say(*words)
    assert result.exit_code == 0, result.output
    return result.output


def master_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("master")]


def test_a_rotation_is_seen_by_a_process_that_runs(data_dir: Path) -> None:
    tsunagu("list")
    ticks = iter(range(10))
    running = SigningKeys(KeyFolder(data_dir / "keys"), ticks=lambda: next(ticks))

    tsunagu("rotate-signing")

    assert len(running.ring().keys) == 2


def test_the_list_says_what_each_key_is_for_and_shows_none(data_dir: Path) -> None:
    tsunagu("rotate-signing")
    tsunagu("rotate-master")
    listing = tsunagu("list")

    folder = KeyFolder(data_dir / "keys")
    first, second = SigningKeys(folder).ring().keys
    assert f"{first.key.verifying.kid}" in listing
    assert f"{second.key.verifying.kid}" in listing
    assert "published" in listing
    assert "PRIVATE" not in listing
    assert all(master.secret.hex() not in listing for master in folder.masters())
    old, new = master_lines(listing)
    assert "active" in old
    assert "? rows" in old  # no database is running
    assert "next" in new


def test_a_stolen_signing_key_is_revoked_and_its_receipts_still_verify(data_dir: Path) -> None:
    now = Settings().running_clock()
    tsunagu("list")
    folder = KeyFolder(data_dir / "keys")
    (ring_key,) = SigningKeys(folder).ring().keys
    kid = ring_key.key.verifying.kid
    receipt = ring_key.key.sign(b"{}", "receipt")
    assert say("revoke-signing", kid).exit_code == 1  # the only one
    tsunagu("rotate-signing", "--at-once")
    tsunagu("revoke-signing", kid)

    ring = SigningKeys(folder).ring()
    assert ring.for_token(kid, now()) is None
    receipt_key = ring.for_receipt(kid)
    assert receipt_key is not None
    assert receipt_key.payload(receipt) == b"{}"
    assert kid in {key["kid"] for key in ring.jwks()["keys"]}
    assert ring.signing(now()).verifying.kid != kid
    assert all(b"PRIVATE" not in p.pem for p in folder.signing() if p.revoked)
    assert len(list((data_dir / "keys").glob("signing-*.pem"))) == 2
    assert "revoked" in tsunagu("list")
    assert say("revoke-signing", kid).exit_code == 1


def test_a_master_key_is_changed_rewrapped_and_retired_and_each_step_is_in_the_log(
    url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSUNAGU_CLOCK", "P1D")  # the first key came a day ago
    tsunagu("rotate-master", "--after", "30")
    assert say("rotate-master").exit_code == 1  # one waits already
    assert f"{ROWS} rows" in master_lines(tsunagu("list"))[0]
    assert say("retire-master", "1").exit_code == 1
    assert say("retire-master", "2").exit_code == 1
    assert say("retire-master", "3").exit_code == 1
    assert "Nothing" in tsunagu("rewrap")  # it does not wrap yet: there is nothing to do

    monkeypatch.setenv("TSUNAGU_CLOCK", "P1DT31M")
    assert "retiring: its rows" in master_lines(tsunagu("list"))[0]
    assert f"{ROWS} of {ROWS} rows" in tsunagu("rewrap")
    old, new = master_lines(tsunagu("list"))
    assert "0 rows  retiring: backups" in old
    assert f"{ROWS} rows  active" in new
    assert say("retire-master", "1").exit_code == 1

    monkeypatch.setenv("TSUNAGU_CLOCK", "P36DT32M")
    assert "retirable" in master_lines(tsunagu("list"))[0]
    assert "destroy it in the backups" in tsunagu("retire-master", "1")
    assert [key.version for key in KeyFolder(data_dir / "keys").masters()] == [2]
    assert [(e["act"], e["master"], e["by"], e["agencies"]) for e in entries(url)] == [
        ("master_key.added", 2, "command line", []),
        ("master_key.retired", 1, "command line", []),
    ]


@pytest.mark.usefixtures("url")
def test_what_lies_under_a_master_key_that_is_missing_is_told(data_dir: Path) -> None:
    tsunagu("rotate-master", "--at-once")
    KeyFolder(data_dir / "keys").remove_master(1)
    assert "MISSING" in master_lines(tsunagu("list"))[0]


def test_where_a_key_service_has_the_master_keys_they_are_changed_there(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSUNAGU_KEY_SERVICE", f"unix:{data_dir}/socket")
    assert say("rotate-master").exit_code == 1
    assert not list((data_dir / "keys").glob("master-*"))
