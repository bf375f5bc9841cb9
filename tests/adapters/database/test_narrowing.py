"""What a login of the service cannot do in the database, although every login may by default."""

import asyncio
import logging

import asyncpg
import pytest

from app.adapters.database.logins import Urls, at_database
from app.adapters.setup import prepare
from tests.conftest import NewDatabase

FORBIDDEN = (
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_get(1)",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_unlink(1)",
    "CREATE TEMPORARY TABLE t (x text)",
    "SELECT n_live_tup FROM pg_stat_user_tables",
    "SELECT seq_tup_read FROM pg_stat_user_tables",
    "SELECT idx_tup_read FROM pg_stat_user_indexes",
    "SELECT heap_blks_read FROM pg_statio_user_tables",
    "SELECT pg_relation_size('log_entry')",
    "SELECT pg_total_relation_size('log_entry')",
    "SELECT pg_table_size('log_entry')",
    "SELECT pg_database_size(current_database())",
)


@pytest.fixture
def narrowed(new_database: NewDatabase, server: tuple[str, Urls]) -> tuple[Urls, str]:
    """A database that was prepared with the administrator's login, and that login."""
    urls = new_database()
    administrator = at_database(server[0], urls.owner.partition("?")[0].rpartition("/")[2])
    return urls, administrator


async def test_the_logins_make_no_large_objects_or_tables_and_count_no_rows(
    narrowed: tuple[Urls, str],
) -> None:
    urls, administrator = narrowed
    await asyncio.to_thread(prepare, urls.owner, administrator=administrator)
    for url in (urls.api, urls.worker):
        connection = await asyncpg.connect(url)
        try:
            for statement in FORBIDDEN:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()
    owner = await asyncpg.connect(urls.owner)
    try:  # who looks after the database still sees how large it is
        assert await owner.fetchval("SELECT pg_total_relation_size('log_entry')") > 0
        await owner.fetch("SELECT n_live_tup FROM pg_stat_user_tables")
    finally:
        await owner.close()


async def test_settings_that_a_role_made_for_itself_are_named_and_none_names_an_agency(
    narrowed: tuple[Urls, str], caplog: pytest.LogCaptureFixture
) -> None:
    urls, administrator = narrowed
    database = urls.owner.partition("?")[0].rpartition("/")[2]
    api = await asyncpg.connect(urls.api)
    try:
        change = f"ALTER ROLE tsunagu_api IN DATABASE {database} SET"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute(f"{change} app.agency = 'center-13'")
        await api.execute(f"{change} lock_timeout = '1h'")
        with caplog.at_level(logging.WARNING):
            await asyncio.to_thread(prepare, urls.owner, administrator=administrator)
        assert "tsunagu_api has a setting of its own: lock_timeout" in caplog.text
    finally:
        await api.execute(f"ALTER ROLE tsunagu_api IN DATABASE {database} RESET ALL")
        await api.close()


async def test_an_owner_who_is_no_administrator_is_told_what_is_left(
    new_database: NewDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    urls = new_database()
    with caplog.at_level(logging.WARNING):
        await asyncio.to_thread(prepare, urls.owner)
    assert "What an administrator has to do" in caplog.text
