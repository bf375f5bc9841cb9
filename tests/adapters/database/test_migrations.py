"""The migrations: what they build, that they can go back, and that they disturb nobody."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.schema import ExecutableDDLElement

from app.adapters.database.logins import WORKER, Urls, as_role, at_database
from app.adapters.database.migrations import CONFIGURATION, TablesInUse, migrate, undo
from app.adapters.directory.seed import seed
from app.adapters.embedded_postgres.server import EmbeddedPostgres
from app.adapters.schema import TABLES
from tests.conftest import NewDatabase
from tests.support import catalog

REVISIONS = [
    "base",
    *reversed(
        [s.revision for s in ScriptDirectory.from_config(Config(CONFIGURATION)).walk_revisions()]
    ),
]
ROLES = ["tsunagu_api", "tsunagu_worker"]
SHORT = timedelta(milliseconds=50)
MIGRATE = """
import os
from datetime import timedelta
from app.adapters.database.migrations import migrate
migrate(os.environ["OWNER"], patience=timedelta(minutes=1))
"""
LONG = 30.0
"""Seconds after which something that should happen will not."""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def everything(database: Urls) -> set[str]:
    async with connect(database.owner) as connection:
        return await catalog.everything(connection)


async def until_waiting(connection: asyncpg.Connection, many: int) -> None:
    """Return as soon as `many` of the database's connections wait for a lock."""
    waiting = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    async with asyncio.timeout(LONG):
        while await connection.fetchval(waiting) < many:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)


async def migrating(database: Urls) -> Process:
    """A process that migrates."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", MIGRATE, env={**os.environ, "OWNER": database.owner}
    )


def create_tables() -> str:
    """The statements that make the declared tables."""
    statements: list[str] = []

    def note(statement: ExecutableDDLElement, *_: object) -> None:
        statements.append(str(statement.compile(dialect=engine.dialect)))

    engine: MockConnection = create_mock_engine("postgresql+asyncpg://", note)
    TABLES.create_all(engine, checkfirst=False)
    return ";".join(statements)


async def test_the_declared_tables_are_what_the_migrations_build(
    new_database: NewDatabase, empty_database: NewDatabase
) -> None:
    async with AsyncExitStack() as stack:
        migrated = await stack.enter_async_context(connect(new_database().owner))
        declared = await stack.enter_async_context(connect(empty_database().owner))
        await declared.execute(create_tables())
        assert await catalog.tables(declared) == await catalog.tables(migrated)


async def test_alembic_has_nothing_to_add(database: Urls) -> None:
    config = Config(CONFIGURATION)
    config.attributes["url"] = database.owner
    await asyncio.to_thread(command.check, config)


async def test_every_migration_goes_back_and_forth(empty_database: NewDatabase) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, REVISIONS[1])
    await asyncio.to_thread(undo, database.owner, "base")
    before = await everything(database)
    for earlier, later in pairwise(REVISIONS):
        await asyncio.to_thread(migrate, database.owner, later)
        after = await everything(database)
        await asyncio.to_thread(undo, database.owner, earlier)
        assert await everything(database) == before, f"{later} leaves something"
        await asyncio.to_thread(migrate, database.owner, later)
        assert await everything(database) == after, f"{later} is not the same again"
        before = after


async def test_unknown_kinds_of_residence_that_were_counted_become_others(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_95")
    async with connect(database.owner) as connection:
        for kind in ("hospital", "with_aunt_hanako"):
            await connection.execute(
                "INSERT INTO settlement (center_id, fiscal_year, category, age_bracket,"
                " residence_kind) VALUES ('center-13', 2026, 'a', 'b', $1)",
                kind,
            )
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        kinds = await connection.fetch("SELECT residence_kind FROM settlement ORDER BY id")
    assert [row["residence_kind"] for row in kinds] == ["hospital", "other"]


async def test_readers_of_older_entries_get_what_these_are_about(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_133")
    case, message = uuid4(), uuid4()
    entries = {
        "acceptance": ("center-13", case, message),
        "export": ("center-13", case, None),
        "recall": ("prison-fuchu", case, message),
        "erasure": (None, case, None),
        "token": ("center-13", None, None),
    }
    async with connect(database.owner) as connection:
        for index, (kind, values) in enumerate(entries.items()):
            await connection.execute(
                "WITH e AS (INSERT INTO log_entry (id, at, kind, agency_id, case_id, message_id,"
                " agencies, detail)"
                " VALUES (gen_random_uuid(), now(), $1, $2, $3, $4, '{a,b}', '{}')"
                " RETURNING id) INSERT INTO log_reader (agency_id, index, entry_id)"
                " SELECT a, $5, id FROM e, unnest('{a,b}'::text[]) AS a",
                kind,
                *values,
                index,
            )
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        rows = await connection.fetch(
            "SELECT about, acting_agency, kind FROM log_reader WHERE agency_id = 'a' ORDER BY index"
        )
    assert [tuple(row) for row in rows] == [
        (None, None, None),
        (case, "center-13", "export"),
        (message, "prison-fuchu", "recall"),
        (case, "", "erasure"),
        (None, None, None),
    ]


async def test_an_office_that_ended_without_a_successor_is_a_party_again_for_all_who_knew(
    empty_database: NewDatabase,
) -> None:
    database, ended = empty_database(), "2026-11-20T10:00:00+09:00"
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_99")
    async with connect(database.owner) as connection:
        await connection.execute(
            """
            INSERT INTO "case" (id, version, opened_at, latest_at)
            VALUES (gen_random_uuid(), 1, now(), now());
            INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)
            SELECT gen_random_uuid(), id, 'suspect_support', 'R', 'community_support', '{}', '{}',
                now() FROM "case";
            """
        )
        for name, knows in (("probation_office", ended), ("center", ended), ("prosecutor", None)):
            await connection.execute(
                """
                INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until,
                    flow, state, number, view, updated_at)
                SELECT id, 'a-' || $1, $1, '{C0}', false, now(),
                    CASE WHEN $1 = 'probation_office' THEN now() END, flow, state, 1,
                    jsonb_build_object('parties', jsonb_build_array(
                        jsonb_build_object('agency_id', 'a-center', 'until', null),
                        jsonb_build_object('agency_id', 'a-probation_office', 'until', $2::text)
                    )), now() FROM referral
                """,
                name,
                knows,
            )
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        left = await connection.fetchval(
            "SELECT count(*) FROM party WHERE until IS NOT NULL OR view::text LIKE '%2026-11-20%'"
        )
        agencies = await connection.fetch("SELECT view #>> '{parties,1,agency_id}' FROM party")
    assert left == 0
    assert [row[0] for row in agencies] == ["a-probation_office"] * 3


async def test_a_center_that_asked_another_one_depends_on_consent_from_then_on(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_115")
    async with connect(database.owner) as connection:
        await connection.execute(
            """
            INSERT INTO "case" (id, version, opened_at, latest_at)
            VALUES (gen_random_uuid(), 1, now(), now());
            INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)
            SELECT gen_random_uuid(), id, 'regional_coordination', 'R', 'accepted', '{}', '{}',
                now() FROM "case";
            INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, flow,
                state, number, view, updated_at)
            SELECT id, 'center-13', 'origin_center', '{C0}', false, now(), flow, state, 1, '{}',
                now() FROM referral;
            """
        )
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        assert await connection.fetchval("SELECT by_consent FROM party") is True
    await asyncio.to_thread(undo, database.owner, "2026_11_28_115")
    async with connect(database.owner) as connection:
        assert await connection.fetchval("SELECT by_consent FROM party") is False


async def with_parties(connection: asyncpg.Connection) -> None:
    """A referral from before copies named the classes that they lack, with facts of each kind.

    The center lacked C4 in the newest message of a day; the office took its part again after it
    was told of another.
    """
    await connection.execute(
        """
        INSERT INTO "case" (id, version, opened_at, latest_at)
        VALUES (gen_random_uuid(), 1, now(), now());
        INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)
        SELECT gen_random_uuid(), id, 'special_adjustment', 'R', 'accepted', '{}', '{}',
            '2026-11-01T00:00:00+09:00' FROM "case";
        INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until, flow,
            state, number, view, updated_at)
        SELECT id, 'a-' || name, name, '{C0,C4}', name = 'center', since::timestamptz, NULL, flow,
            state, 2, jsonb_build_object('facts', jsonb_build_object('route', 'x',
                'release_on', jsonb_build_object('class', 'C4'),
                'disposition', jsonb_build_object('class', 'C4'))), now()
        FROM referral CROSS JOIN (VALUES ('center', '2026-11-01T00:00:00+09:00'),
            ('institution', '2026-11-01T00:00:00+09:00'),
            ('probation_office', '2026-11-20T00:00:00+09:00')) AS part (name, since);
        INSERT INTO deadline (referral_id, agency_id, kind, due_on)
        SELECT referral_id, agency_id, 'release_on', '2027-08-08' FROM party;
        """
    )
    told = (
        (1, "2026-11-01", ["route", "disposition", "release_on"], ["C0", "C4"]),
        (2, "2026-11-10", ["release_on"], ["C0"]),
        (3, "2026-11-20", ["route"], ["C0", "C4"]),
    )
    for number, day, facts, classes in told:
        await connection.execute(
            """
            WITH said AS (
                INSERT INTO message (id, referral_id, type, from_party, recipients, occurred_on,
                    accepted_at, urgency, consent_ids, facts, digest, class_digests, state_after,
                    version_after)
                SELECT gen_random_uuid(), id, flow || '.change_custody', 'institution', '[]',
                    '2026-11-01', $2, 'normal', '{}', $3::text[], '', '{}', state, ''
                FROM referral RETURNING id, referral_id)
            INSERT INTO copy (agency_id, message_id, referral_id, message_referral_id, party,
                number, classes, sent)
            SELECT p.agency_id, said.id, said.referral_id, said.referral_id, p.name, $1,
                CASE WHEN p.name = 'center' THEN $4::text[] ELSE '{C0,C4}' END, false
            FROM said JOIN party p ON p.referral_id = said.referral_id
            """,
            number,
            datetime.fromisoformat(f"{day}T00:00:00+09:00"),
            facts,
            classes,
        )


async def test_facts_that_newer_messages_made_out_of_date_are_removed_with_their_deadlines(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_99")
    async with connect(database.owner) as connection:
        await with_parties(connection)
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        views = await connection.fetch(
            "SELECT name, array(SELECT jsonb_object_keys(view -> 'facts') ORDER BY 1) FROM party"
        )
        days = await connection.fetch("SELECT agency_id FROM deadline")
    assert {name: set(facts) for name, facts in views} == {
        "center": {"route", "disposition"},
        "institution": {"route", "release_on", "disposition"},
        "probation_office": {"route"},
    }
    assert [row["agency_id"] for row in days] == ["a-institution"]


async def test_of_an_item_that_was_withdrawn_again_and_again_the_first_four_times_stay(
    empty_database: NewDatabase,
) -> None:
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner, "2026_11_28_131")
    case, referral, consent, *takers = (uuid4() for _ in range(8))
    async with connect(database.owner) as connection:
        await connection.execute(
            """INSERT INTO "case" (id, version, opened_at) VALUES ($1, 1, now())""", case
        )
        await connection.execute(
            "INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)"
            " VALUES ($1, $2, 'special_adjustment', 'x', 'assessing', '{}', '{}', now())",
            referral,
            case,
        )
        await connection.execute(
            "INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients,"
            " classes, valid_from, withdrawn_items, taken_by, withdrawn_by) VALUES ($1, $2, $3, $4,"
            " 'x', '{a,b,c}', '{C1,C4}', '2026-01-01', '{b,C4,b,b,a,b,b}',"
            " $5, $6)",
            case,
            consent,
            referral,
            uuid4(),
            [takers[n] for n in (0, 0, 1, 2, 2, 3, 4)],
            takers[4],
        )
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        row = await connection.fetchrow("SELECT withdrawn_items, taken_by FROM consent")
    assert row is not None
    assert row["withdrawn_items"] == ["b", "C4", "b", "b", "a", "b"]
    assert row["taken_by"] == [takers[n] for n in (0, 0, 1, 2, 2, 3)]


async def test_all_the_way_back_nothing_of_ours_is_left(
    new_database: NewDatabase, empty_database: NewDatabase
) -> None:
    database = new_database()
    migrated = await everything(database)
    async with connect(database.owner) as connection:
        await seed(connection)
    await asyncio.to_thread(undo, database.owner, "base")
    left = {line for line in await everything(database) if "alembic_version" not in line}
    assert left == await everything(empty_database())
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == migrated


async def test_every_agency_of_the_directory_has_a_mailbox(new_database: NewDatabase) -> None:
    async with connect(new_database().owner) as connection:
        agencies = (await seed(connection)).agencies
        assert await connection.fetchval("SELECT count(*) FROM mailbox") == agencies


async def test_a_migration_that_finds_a_table_in_use_gives_up_and_changes_nothing(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    before = await everything(database)
    async with connect(database.owner) as reader, reader.transaction():
        await reader.execute("SELECT FROM message")
        async with asyncio.timeout(LONG):
            with pytest.raises(TablesInUse):
                await asyncio.to_thread(undo, database.owner, "base", SHORT)
    assert await everything(database) == before


async def test_two_migrations_at_once_are_one_after_the_other(empty_database: NewDatabase) -> None:
    database = empty_database()
    async with connect(database.owner) as other, connect(database.owner) as observer:
        async with other.transaction():
            # The first of them waits for this, and the second for the first.
            await other.execute("CREATE TABLE alembic_version (); DROP TABLE alembic_version")
            both = [await migrating(database) for _ in range(2)]
            await until_waiting(observer, 2)
        assert [await process.wait() for process in both] == [0, 0]
        assert await observer.fetchval("SELECT version_num FROM alembic_version") == REVISIONS[-1]


async def test_a_second_database_of_a_server_finds_the_roles_there(
    empty_database: NewDatabase,
) -> None:
    first, second = empty_database(), empty_database()
    for database in (first, second):
        await asyncio.to_thread(migrate, database.owner)
    assert await everything(first) == await everything(second)


async def test_on_a_server_without_the_roles_they_are_made_and_the_owner_may_take_them_on() -> None:
    with TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        await asyncio.to_thread(server.start)
        try:
            owner = server.urls.owner
            async with connect(at_database(server.admin_url, urlsplit(owner).path[1:])) as admin:
                await admin.execute("""
                    DROP OWNED BY tsunagu_api, tsunagu_worker;
                    DROP ROLE tsunagu_api, tsunagu_worker;
                    ALTER ROLE tsunagu_owner CREATEROLE;
                """)
            await asyncio.to_thread(migrate, owner)
            for role in ROLES:
                async with connect(as_role(owner, role)) as connection:
                    assert await connection.fetchval("SELECT current_user") == role
                    assert not await connection.fetchval(
                        "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", role
                    )
        finally:
            await asyncio.to_thread(server.stop)


async def test_functions_that_run_as_the_owner_name_their_search_path(
    owner: asyncpg.Pool,
) -> None:
    rows = await owner.fetch("""
        SELECT proname, coalesce(proconfig, '{}') AS settings FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef
    """)
    assert rows
    assert [
        row["proname"]
        for row in rows
        if "search_path=pg_catalog, public, pg_temp" not in row["settings"]
    ] == []


async def test_functions_that_run_as_the_owner_are_not_for_everybody(owner: asyncpg.Pool) -> None:
    open_to_all = await owner.fetch("""
        SELECT proname FROM pg_proc,
            aclexplode(coalesce(proacl, acldefault('f', proowner))) AS granted
        WHERE pronamespace = 'public'::regnamespace AND prosecdef AND granted.grantee = 0
    """)
    assert open_to_all == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_owns_nothing_and_stands_above_nothing(owner: asyncpg.Pool, role: str) -> None:
    above = await owner.fetchrow(
        """
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
        FROM pg_roles WHERE rolname = $1
        """,
        role,
    )
    owned = await owner.fetch(
        "SELECT FROM pg_shdepend WHERE refobjid = $1::text::regrole AND deptype = 'o'", role
    )
    roles = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = $1::text::regrole"
    member = [row["roleid"] for row in await owner.fetch(roles, role)]
    assert above is not None
    assert not any(above)
    assert owned == []
    # The worker discards WAL with erased keys, which takes checkpoints, and nothing else.
    assert set(member) <= ({"pg_checkpoint"} if role == WORKER else set())
