"""The functions of the database: each stands whole in a file, and is applied as it stands there.

`app/adapters/<subject>/sql/<function>.sql` makes or replaces one function and says who may call
it. `policies.sql` beside them says who may see which rows and columns of the subject's tables.
Migrations change tables, types and triggers only.

A function whose arguments or answer change gets a new name. The old file is deleted one release
later, so that processes of both releases find what they call.
"""

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, text

ADAPTERS = Path(__file__).parents[1]
POLICIES = "policies.sql"
ROLES = "tsunagu_api, tsunagu_worker"
DEFAULT_COMMENT = "standard public schema"

SIGNATURE = re.compile(r"^REVOKE ALL ON FUNCTION\s+(\w+\([^)]*\))", re.MULTILINE)
POLICY = re.compile(r"^CREATE POLICY (\w+) ON \"?(\w+)\"?", re.MULTILINE)

# But for those of extensions, which must not be dropped.
EXISTING_FUNCTIONS = text("""
    SELECT CAST(CAST(p.oid AS regprocedure) AS text), p.prorettype = CAST('trigger' AS regtype)
    FROM pg_proc p WHERE p.pronamespace = CAST('public' AS regnamespace) AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = CAST('pg_proc' AS regclass)
            AND d.objid = p.oid AND d.deptype = 'e')
""")
AS_PRINTED = text("SELECT CAST(CAST(CAST(:signature AS text) AS regprocedure) AS text)")
EXISTING_POLICIES = text("""
    SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public'
""")
COMMENT = text("SELECT obj_description(CAST('public' AS regnamespace), 'pg_namespace')")


def function_files() -> list[Path]:
    """The file of every function, by subject and name."""
    return [file for file in sorted(ADAPTERS.glob("*/sql/*.sql")) if file.name != POLICIES]


def policy_files() -> list[Path]:
    """The file of every subject that has tables, by subject."""
    return sorted(ADAPTERS.glob(f"*/sql/{POLICIES}"))


def apply(connection: Connection) -> None:
    """Make every function as its file has it, and drop those that have no file.

    All of them every time: replacing a function locks no table, and takes a few milliseconds.
    Making a policy does lock its table, so those of a subject are made only when they changed.
    The connection has to run scripts of several statements, as that of a migration does.
    """
    connection.execute(text("SET LOCAL check_function_bodies = off"))  # they call each other
    applied = {_run(connection, file) for file in function_files()}
    _apply_policies(connection)
    _drop_functions(
        connection, {name for name, _ in connection.execute(EXISTING_FUNCTIONS)} - applied
    )


def make(connection: Connection, names: Iterable[str]) -> None:
    """Make these functions only: those without which a migration cannot make its triggers.

    Raises:
        KeyError: there is no file of that name.
    """
    files = {file.stem: file for file in function_files()}
    for name in names:
        _run(connection, files[name])


def drop(connection: Connection) -> None:
    """Drop policies, grants and functions before a downgrade; the older release makes its own.

    The functions of triggers stay: the migration that made the triggers drops them.
    """
    _drop_policies(
        connection, {(name, table) for name, table in connection.execute(EXISTING_POLICIES)}
    )
    connection.exec_driver_sql(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLES}")
    existing = connection.execute(EXISTING_FUNCTIONS)
    _drop_functions(connection, {name for name, of_trigger in existing if not of_trigger})
    _set_comment(connection, DEFAULT_COMMENT)


def _run(connection: Connection, file: Path) -> str:
    """Run the file of a function; the signature of the function, as the database prints it."""
    script = file.read_text(encoding="utf-8")
    connection.exec_driver_sql(script)
    (signature,) = SIGNATURE.findall(script)
    return str(connection.scalar(AS_PRINTED, {"signature": signature}))


def _drop_functions(connection: Connection, signatures: Iterable[str]) -> None:
    # In one statement, since a function whose body is stored parsed depends on those it calls.
    if every := ", ".join(sorted(signatures)):
        connection.exec_driver_sql(f"DROP ROUTINE {every}")


def _apply_policies(connection: Connection) -> None:
    """Run the files that changed since they were run, and drop policies that have no file.

    The digests of the files that were run are kept as JSON in the comment on the schema: a table
    would need policies of its own. After a restore without comments all policies are made again.
    """
    scripts = {file.parts[-3]: file.read_text(encoding="utf-8") for file in policy_files()}
    wanted = {subject: set(POLICY.findall(script)) for subject, script in scripts.items()}
    digests = {subject: sha256(script.encode()).hexdigest() for subject, script in scripts.items()}
    recorded = _recorded_digests(connection)
    existing = {(name, table) for name, table in connection.execute(EXISTING_POLICIES)}
    for subject, script in scripts.items():
        if recorded.get(subject) != digests[subject] or not wanted[subject] <= existing:
            connection.exec_driver_sql(script)
    _drop_policies(connection, existing.difference(*wanted.values()))
    if recorded != digests:
        _set_comment(connection, json.dumps({"policies": digests}))


def _drop_policies(connection: Connection, policies: Iterable[tuple[str, str]]) -> None:
    for name, table in sorted(policies):
        connection.exec_driver_sql(f'DROP POLICY "{name}" ON "{table}"')


def _recorded_digests(connection: Connection) -> Mapping[str, str]:
    """The digests that were recorded; none if the comment is not ours."""
    try:
        return dict(json.loads(connection.scalar(COMMENT) or "")["policies"])
    except (ValueError, TypeError, KeyError):
        return {}


def _set_comment(connection: Connection, comment: str) -> None:
    connection.exec_driver_sql(f"COMMENT ON SCHEMA public IS '{comment}'")
