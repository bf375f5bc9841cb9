"""Reads from the SQL files which rows a role may see, and which functions it may call.

Tests compare the files with the catalog of a database: `tests/adapters/database/test_functions.py`
their text, `tests/cli/contract/test_database_pages.py` what is read here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from app.adapters.database.functions import ADAPTERS, function_files, policy_files

POLICY = re.compile(
    r'^CREATE POLICY \w+ ON "?(\w+)"? FOR (\w+) TO (\w+) USING \((.*?)\);$',
    re.MULTILINE | re.DOTALL,
)
SELECT = re.compile(
    r'^GRANT SELECT(?: \(([^)]*)\))? ON "?(\w+)"? TO ([\w, ]+);$', re.MULTILINE | re.DOTALL
)
EXECUTE = re.compile(r"^GRANT EXECUTE ON FUNCTION\s+\w+\([^)]*\)\s+TO ([\w, ]+);$", re.MULTILINE)
COMMENT = re.compile(r"--.*")


@dataclass(frozen=True, slots=True)
class TableAccess:
    """A policy of a table, and the columns that are granted to its role."""

    table: str
    command: str
    role: str
    condition: str
    """SQL in one line."""
    columns: tuple[str, ...]
    """Empty: every column."""


@dataclass(frozen=True, slots=True)
class FunctionAccess:
    """A function, and the roles that may call it."""

    name: str
    file: Path
    """From the root of the repository."""
    roles: frozenset[str]
    as_owner: bool
    """Whether it runs with the rights of the owner, so that no policy applies to it."""
    is_trigger: bool


@dataclass(frozen=True, slots=True)
class SubjectAccess:
    """The tables and functions of a subject, by name."""

    subject: str
    policies: Path | None
    """The file of its policies, from the root of the repository."""
    tables: tuple[TableAccess, ...]
    functions: tuple[FunctionAccess, ...]


def read_access() -> list[SubjectAccess]:
    """What every role may see and call, by subject."""
    policies = {_subject(file): file for file in policy_files()}
    functions: dict[str, list[FunctionAccess]] = {}
    for file in function_files():
        functions.setdefault(_subject(file), []).append(_function(file))
    return [
        SubjectAccess(
            subject,
            _from_root(policies[subject]) if subject in policies else None,
            tuple(_tables(policies[subject])) if subject in policies else (),
            tuple(functions.get(subject, ())),
        )
        for subject in sorted(policies.keys() | functions.keys())
    ]


def _tables(file: Path) -> list[TableAccess]:
    script = _code(file)
    columns = {
        (table, role): tuple(name.strip() for name in names.split(",")) if names else ()
        for names, table, roles in SELECT.findall(script)
        for role in roles.split(", ")
    }
    tables = [
        TableAccess(table, command, role, " ".join(condition.split()), columns[table, role])
        for table, command, role, condition in POLICY.findall(script)
    ]
    return sorted(tables, key=lambda access: (access.table, access.role))


def _function(file: Path) -> FunctionAccess:
    script = _code(file)
    granted = EXECUTE.findall(script)
    return FunctionAccess(
        name=file.stem,
        file=_from_root(file),
        roles=frozenset(granted[0].split(", ")) if granted else frozenset(),
        as_owner="SECURITY DEFINER" in script,
        is_trigger=bool(re.search(r"\bRETURNS trigger\b", script)),
    )


def _code(file: Path) -> str:
    return COMMENT.sub("", file.read_text(encoding="utf-8"))


def _subject(file: Path) -> str:
    return file.parts[-3]


def _from_root(file: Path) -> Path:
    return file.relative_to(ADAPTERS.parents[1])
