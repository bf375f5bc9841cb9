"""The functions and policies of the database are what their files say, and there are no others."""

import asyncio
import random
import re
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.adapters.database import functions
from app.adapters.database.connection import connect
from app.adapters.database.functions import POLICIES, function_files, policy_files
from app.adapters.database.logins import Urls
from app.adapters.database.migrations import (
    BASELINE,
    CONFIGURATION,
    FunctionsInTheWay,
    TablesInUse,
    TooOld,
    migrate,
    undo,
)
from tests.conftest import NewDatabase
from tests.support import catalog

SHORT = timedelta(milliseconds=50)
FILES = {file.stem: file for file in function_files()}
MAKES_A_FUNCTION = re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)", re.IGNORECASE)
BODY = re.compile(r" AS \$\$(.*?)\$\$;", re.DOTALL)

OURS = """
    SELECT proname, prosrc FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""

# Each calls only functions of its own subject and of the lines below its own.
LAYERS = (
    {"referrals"},
    {
        "access",
        "acts",
        "administration",
        "deliveries",
        "disclosures",
        "erasure",
        "evidence",
        "keys",
    },
    {"webhooks"},
    {"consents"},
    {"inbox"},
    {"log"},
    {"directory"},
    {"database"},
)
EXCEPTIONS = {
    # A withdrawal of consent cancels notices at once, in its own transaction.
    ("consents", "cancel_notices"),
    # Who sent a message is asked wherever a message is shown to its sender.
    ("deliveries", "sent_by"),
    ("disclosures", "sent_by"),
}


async def everything(database: Urls) -> set[str]:
    async with connect(database.owner) as connection:
        return await catalog.everything(connection)


async def execute(database: Urls, statements: str) -> None:
    async with connect(database.owner) as connection:
        await connection.execute(statements)


def subject(file: Path) -> str:
    return file.parts[-3]


def code(file: Path) -> str:
    """What a file says, without comments."""
    return re.sub(r"--.*", "", file.read_text(encoding="utf-8"))


async def test_the_database_has_the_functions_that_have_a_file_and_no_others(
    owner: asyncpg.Pool,
) -> None:
    names = [row["proname"] for row in await owner.fetch(OURS)]
    assert sorted(names) == sorted(file.stem for file in function_files())


async def test_the_body_of_each_function_is_that_of_its_file(owner: asyncpg.Pool) -> None:
    of_files = {name: BODY.findall(file.read_text("utf-8")) for name, file in FILES.items()}
    # A body that is one expression is kept parsed, and has no text.
    bodies = {name: text[0] if text else "" for name, text in of_files.items()}
    assert {row["proname"]: row["prosrc"] for row in await owner.fetch(OURS)} == bodies


@pytest.mark.parametrize("file", function_files(), ids=lambda file: file.stem)
def test_a_file_makes_the_function_of_its_name_and_says_who_may_call_it(file: Path) -> None:
    script = file.read_text(encoding="utf-8")
    assert script.startswith("-- "), "it does not say why it is there"
    assert re.findall(r"^CREATE .*?(\w+)\(", script, re.MULTILINE) == [file.stem]
    revoked = re.findall(r"^REVOKE ALL ON FUNCTION\s+(\w+)\(([^)]*)\)\s+FROM (.*);", script, re.M)
    assert [(name, roles) for name, _, roles in revoked] == [
        (file.stem, "PUBLIC, tsunagu_api, tsunagu_worker")
    ]
    granted = re.findall(r"^GRANT EXECUTE ON FUNCTION\s+(\w+)\(([^)]*)\)", script, re.M)
    assert granted in ([], [revoked[0][:2]])


async def test_the_order_in_which_files_are_applied_makes_no_difference(
    empty_database: NewDatabase, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffled = function_files()
    random.Random(20261123).shuffle(shuffled)
    monkeypatch.setattr(functions, "function_files", lambda: shuffled)
    database = empty_database()
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == await everything(new_database())


async def test_what_was_changed_by_hand_is_put_back(new_database: NewDatabase) -> None:
    database = new_database()
    before = await everything(database)
    await execute(
        database,
        """
        CREATE OR REPLACE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void
        LANGUAGE plpgsql AS $$ BEGIN END $$;
        GRANT EXECUTE ON FUNCTION deliver(timestamptz, jsonb) TO tsunagu_api, PUBLIC;
        REVOKE EXECUTE ON FUNCTION write_consents(timestamptz, uuid, jsonb) FROM tsunagu_api;
        REVOKE EXECUTE ON FUNCTION read_inbox(text, bigint, integer, boolean) FROM tsunagu_api;
        ALTER FUNCTION read_inbox(text, bigint, integer, boolean) SECURITY DEFINER;
        ALTER FUNCTION disclose(jsonb) RESET ALL;
        DROP FUNCTION find_repeat(uuid);
        """,
    )
    assert await everything(database) != before
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == before


async def test_functions_and_policies_without_a_file_are_dropped(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    before = await everything(database)
    await execute(
        database,
        """
        CREATE FUNCTION one() RETURNS integer LANGUAGE sql RETURN 1;
        CREATE FUNCTION two() RETURNS integer LANGUAGE sql RETURN one() + one();
        CREATE FUNCTION deliver(p_items jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
        CREATE PROCEDURE sweep() LANGUAGE sql AS 'SELECT';
        CREATE POLICY everybody ON message FOR SELECT TO tsunagu_api USING (two() = 2);
        """,
    )
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == before


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (
            "CREATE FUNCTION mine(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
            "CREATE VIEW on_mine AS SELECT mine(1)",
            "mine",
        ),
        (
            "DROP FUNCTION serves(text, text);"
            "CREATE FUNCTION serves(a text, b text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "serves",
        ),
    ],
)
async def test_a_function_that_is_in_the_way_is_told_in_words_and_changes_nothing(
    new_database: NewDatabase, statement: str, name: str
) -> None:
    database = new_database()
    async with connect(database.owner) as connection:
        await connection.execute(statement)
        before = await catalog.everything(connection)
        with pytest.raises(FunctionsInTheWay, match=rf"(?s)^Nothing was migrated: .*\b{name}\("):
            await asyncio.to_thread(migrate, database.owner)
        assert await catalog.everything(connection) == before


async def test_functions_of_extensions_stay(new_database: NewDatabase) -> None:
    database = new_database()
    await execute(database, "CREATE EXTENSION hstore")
    await asyncio.to_thread(migrate, database.owner)
    async with connect(database.owner) as connection:
        assert await connection.fetchval("SELECT 'a=>1'::hstore -> 'a'") == "1"


def test_no_migration_makes_a_function() -> None:
    versions = ScriptDirectory.from_config(Config(CONFIGURATION)).versions
    migrations = list(Path(versions).glob("*.py"))
    assert migrations
    assert [m.name for m in migrations if MAKES_A_FUNCTION.search(m.read_text("utf-8"))] == []


def test_functions_call_only_those_of_subjects_below_their_own() -> None:
    of = {name: subject(file) for name, file in FILES.items()}
    height = {name: len(LAYERS) - n for n, layer in enumerate(LAYERS) for name in layer}
    names = re.compile(rf"\b({'|'.join(of)})\s*\(")
    upwards = set()
    for file in [*function_files(), *policy_files()]:
        for called in set(names.findall(code(file))):
            if of[called] != subject(file) and height[of[called]] >= height[subject(file)]:
                upwards.add((subject(file), called))
    assert upwards == EXCEPTIONS


async def test_policies_lock_no_table_as_long_as_they_do_not_change(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    async with connect(database.owner) as reader, reader.transaction():
        await reader.execute("SELECT FROM message, consent")
        await asyncio.to_thread(migrate, database.owner, patience=SHORT)


async def test_policies_that_changed_are_made_again_as_soon_as_their_table_is_free(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = new_database()
    before = await everything(database)
    files = policy_files()
    changed = tmp_path / "inbox" / "sql" / POLICIES
    changed.parent.mkdir(parents=True)
    (inbox,) = [file for file in files if subject(file) == "inbox"]
    changed.write_text(inbox.read_text("utf-8").replace("agency_id = (SELECT me())", "false"))
    as_changed = [changed if file == inbox else file for file in files]
    with monkeypatch.context() as patch:
        patch.setattr(functions, "policy_files", lambda: as_changed)
        async with connect(database.owner) as reader, reader.transaction():
            await reader.execute("SELECT FROM mailbox")
            with pytest.raises(TablesInUse):
                await asyncio.to_thread(migrate, database.owner, patience=SHORT)
        assert await everything(database) == before
        await asyncio.to_thread(migrate, database.owner)
        different = await everything(database) ^ before
        assert {line.partition(":")[0] for line in different} == {"policy"}
        tables = ("mailbox", "inbox_item", "referral_change")
        assert all(any(table in line for table in tables) for line in different)
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == before


async def test_a_policy_that_is_missing_is_made_again(new_database: NewDatabase) -> None:
    database = new_database()
    before = await everything(database)
    await execute(database, "DROP POLICY own ON message")
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == before


async def test_policies_are_made_again_if_nothing_says_which_there_are(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    before = await everything(database)
    for comment in ("'standard public schema'", "'7'", "'{}'", "NULL"):
        await execute(
            database,
            f"COMMENT ON SCHEMA public IS {comment};"
            "GRANT SELECT (state) ON referral TO tsunagu_api;",
        )
        await asyncio.to_thread(migrate, database.owner)
        assert await everything(database) == before


async def test_a_downgrade_drops_policies_and_functions_but_those_of_triggers(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    before = await everything(database)
    await asyncio.to_thread(undo, database.owner, BASELINE)
    async with connect(database.owner) as connection:
        left = await connection.fetch("""
            SELECT DISTINCT p.proname, t.tgfoid IS NOT NULL AS of_trigger
            FROM pg_proc p LEFT JOIN pg_trigger t ON t.tgfoid = p.oid
            WHERE p.pronamespace = 'public'::regnamespace
        """)
        assert {row["of_trigger"] for row in left} == {True}
        assert not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_policies)")
        comment = "SELECT obj_description('public'::regnamespace, 'pg_namespace')"
        assert await connection.fetchval(comment) == "standard public schema"
    await asyncio.to_thread(migrate, database.owner)
    assert await everything(database) == before


@pytest.mark.parametrize("number", [1, 26])
async def test_tables_from_before_the_baseline_are_refused_in_one_sentence(
    new_database: NewDatabase, number: int
) -> None:
    database = new_database()
    async with connect(database.owner) as connection:
        await connection.execute(
            "UPDATE alembic_version SET version_num = $1", f"2026_11_23_{number}"
        )
    before = await everything(database)
    with pytest.raises(TooOld) as refusal:
        await asyncio.to_thread(migrate, database.owner)
    assert str(refusal.value) == (
        f"Nothing was migrated: the tables are at revision 2026_11_23_{number}, so run"
        " `tsunagu migrate` of release 0.1.0 first, which brings them to 2026_11_23_27."
    )
    assert await everything(database) == before
