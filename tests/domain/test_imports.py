"""The tests of the domain need the domain alone: no database, no server, seconds in all."""

import ast
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ALLOWED = ("app.domain", "app.auth.scopes")
"""The roles are those of the tokens: an act is taken by whoever has one."""


def imported(file: Path) -> Iterator[str]:
    """The names that a file imports, with those of the packages that they are taken from."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def reached(file: Path, seen: set[Path]) -> Iterator[tuple[str, str]]:
    """Every import of `app`, in a file or in the helpers that it takes from `tests`."""
    seen.add(file)
    for name in imported(file):
        if name.startswith("app."):
            yield str(file.relative_to(ROOT)), name
        helper = helper_of(name)
        if helper is not None and helper not in seen:
            yield from reached(helper, seen)


def helper_of(name: str) -> Path | None:
    """The file in `tests` from which a name is imported, if it is one of ours."""
    path = ROOT.joinpath(*name.split("."))
    files = (path.with_suffix(".py"), path.parent.with_suffix(".py"))
    return next((f for f in files if name.startswith("tests.") and f.exists()), None)


def test_no_test_of_the_domain_imports_what_is_above_it() -> None:
    seen: set[Path] = set()
    names = [pair for file in sorted(HERE.rglob("*.py")) for pair in reached(file, seen)]
    assert len(names) > 100
    assert [
        pair for pair in names if not f"{pair[1]}.".startswith(tuple(f"{a}." for a in ALLOWED))
    ] == []
