"""Each command is imported only when it is called."""

import subprocess
import sys

import pytest

from app.cli.commands import COMMANDS, called_command

IMPORTS = """
import sys
from app.cli.commands import called_command, command_line
command_line(called_command(sys.argv[1:]))
print(*sys.modules)
"""


def modules_of(*arguments: str) -> set[str]:
    """What is imported for a command line."""
    script = [sys.executable, "-c", IMPORTS, *arguments]
    return set(subprocess.run(script, capture_output=True, text=True, check=True).stdout.split())


def test_a_worker_needs_neither_the_web_framework_nor_the_routes() -> None:
    modules = modules_of("worker")
    assert "app.worker" in modules
    assert not {"fastapi", "uvicorn", "app.main", "alembic", "sqlalchemy"} & modules


def test_what_starts_the_processes_needs_none_of_what_they_need() -> None:
    assert not {"fastapi", "app.main", "app.worker"} & modules_of("run")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["wrker"]])
def test_where_no_command_is_named_all_are_listed(arguments: list[str]) -> None:
    assert [*called_command(arguments)] == [*COMMANDS]
