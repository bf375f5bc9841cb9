"""The page of database access, made from the SQL files, which say what the catalog says."""

from collections.abc import Iterable
from pathlib import Path

import asyncpg
import pytest

from app.adapters.database.logins import API, WORKER
from app.cli.contract.database_access import FunctionAccess, TableAccess, read_access
from app.cli.contract.database_pages import PAGE, ROLES, database_docs, page
from app.cli.contract.database_texts import ROWS, SUBJECTS

DOCS = Path(__file__).parents[3] / "docs"
ACCESS = read_access()
TABLES = [table for subject in ACCESS for table in subject.tables]
FUNCTIONS = [function for subject in ACCESS for function in subject.functions]

POLICIES = """
    SELECT tablename, roles::text[], cmd, permissive FROM pg_policies WHERE schemaname = 'public'
"""
COLUMNS = """
    SELECT c.relname, a.attname, r.role, p.privilege,
        has_column_privilege(r.role, c.oid, a.attnum, p.privilege) AS granted
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN unnest($1::text[]) AS r (role)
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS p (privilege)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
        AND c.relname <> 'alembic_version'
"""
BESIDES_COLUMNS = """
    SELECT c.relname, r.role, p.privilege FROM pg_class c
    CROSS JOIN unnest($1::text[]) AS r (role)
    CROSS JOIN unnest('{DELETE,TRUNCATE,TRIGGER}'::text[]) AS p (privilege)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')
        AND has_table_privilege(r.role, c.oid, p.privilege)
"""
EXECUTE = """
    SELECT p.proname, p.prosecdef, p.prorettype = 'trigger'::regtype AS is_trigger,
        array(
            SELECT r.role FROM unnest($1::text[]) AS r (role)
            WHERE has_function_privilege(r.role, p.oid, 'EXECUTE')
        ) AS roles
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_in_the_repository_is_fresh(language: str) -> None:
    assert (DOCS / language / PAGE).read_text(encoding="utf-8") == page(language)


def test_a_stale_page_is_found(tmp_path: Path) -> None:
    database_docs(tmp_path)
    database_docs(tmp_path, check=True)
    (tmp_path / "en" / PAGE).write_text("old", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"en/database-access\.md"):
        database_docs(tmp_path, check=True)


def test_every_condition_and_every_subject_has_words_and_no_others_do() -> None:
    assert {table.condition for table in TABLES} == set(ROWS)
    assert {subject.subject for subject in ACCESS} == set(SUBJECTS)


async def test_the_policies_of_the_page_are_those_of_the_catalog(owner: asyncpg.Pool) -> None:
    catalog = [tuple(row) for row in await owner.fetch(POLICIES)]
    read = [(table.table, [table.role], table.command, "PERMISSIVE") for table in TABLES]
    assert sorted(catalog) == sorted(read)


async def test_the_columns_of_the_page_are_those_of_the_catalog(owner: asyncpg.Pool) -> None:
    rows = await owner.fetch(COLUMNS, list(ROLES))
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row["relname"], set()).add(row["attname"])
    granted = {
        (row["relname"], row["attname"], row["role"], row["privilege"])
        for row in rows
        if row["granted"]
    }
    assert granted == set(_granted(TABLES, names))
    assert names.keys() == {table.table for table in TABLES}, "a table is in no file of policies"


async def test_no_role_has_other_rights_on_a_table(owner: asyncpg.Pool) -> None:
    assert await owner.fetch(BESIDES_COLUMNS, list(ROLES)) == []


async def test_the_functions_of_the_page_are_those_of_the_catalog(owner: asyncpg.Pool) -> None:
    catalog = {
        (row["proname"], row["prosecdef"], row["is_trigger"], frozenset(row["roles"]))
        for row in await owner.fetch(EXECUTE, list(ROLES))
    }
    read = {(f.name, f.as_owner, f.is_trigger, _roles(f)) for f in FUNCTIONS}
    assert catalog == read


def test_the_worker_reads_no_table() -> None:
    assert {table.role for table in TABLES} == {API}
    assert any(WORKER in function.roles for function in FUNCTIONS)


def _granted(
    tables: Iterable[TableAccess], names: dict[str, set[str]]
) -> Iterable[tuple[str, str, str, str]]:
    for table in tables:
        for column in table.columns or names[table.table]:
            yield table.table, column, table.role, "SELECT"


def _roles(function: FunctionAccess) -> frozenset[str]:
    return frozenset(ROLES) if "PUBLIC" in function.roles else function.roles
