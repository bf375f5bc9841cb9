"""`tsunagu migrate` says in one sentence what the operator has to do."""

import asyncio
import sys

import asyncpg
import pytest

from app.cli import main
from tests.conftest import NewDatabase


async def test_migrate_says_which_release_older_tables_have_to_pass_through(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database().owner
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE alembic_version SET version_num = '2026_11_23_26'")
    await connection.close()
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", url)
    monkeypatch.setattr(sys, "argv", ["tsunagu", "migrate"])
    with pytest.raises(SystemExit) as exit_:
        await asyncio.to_thread(main)
    assert exit_.value.code == (
        "Nothing was migrated: the tables are at revision 2026_11_23_26, so run `tsunagu migrate`"
        " of release 0.1.0 first, which brings them to 2026_11_23_27."
    )
