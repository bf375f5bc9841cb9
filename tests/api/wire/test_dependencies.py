"""What the routes work with: each asks by type for what its subject says that it needs."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI

from app.adapters.outage import CannotStart
from app.api import wire
from app.api.application import NEEDS, SUBJECTS
from app.api.wire import dependencies
from app.api.wire.dependencies import (
    Dependencies,
    Issuer,
    Shutdown,
    dependency,
    dependency_if_started,
)
from app.api.wire.rates import Rate, Rates

API = Path("app/api")
ASKING = (dependency.__name__, dependency_if_started.__name__)


def packages() -> dict[str, tuple[type, ...]]:
    """What each package says that it needs."""
    needs = {getattr(subject, "__name__", ""): subject.NEEDS for subject in SUBJECTS}
    return {**needs, wire.__name__: wire.NEEDS}


def asked_for(path: Path) -> Iterator[type]:
    """The types that a module asks for by name."""
    module = import_module(".".join(path.with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ASKING:
            kind = node.args[1]
            assert isinstance(kind, ast.Name), f"{path}:{node.lineno}: name the type itself"
            yield getattr(module, kind.id)


@pytest.mark.parametrize("package", packages())
def test_a_subject_needs_what_its_routes_ask_for(package: str) -> None:
    folder = Path(*package.split("."))
    asked = {kind for path in folder.rglob("*.py") for kind in asked_for(path)}
    assert set(packages()[package]) == asked


def test_every_package_that_asks_for_something_says_so() -> None:
    asking = {Path(*path.parts[:3]) for path in API.rglob("*.py") if any(asked_for(path))}
    assert asking <= {Path(*package.split(".")) for package in packages()}


def test_a_service_that_lacks_something_refuses_to_start() -> None:
    app = FastAPI()
    with pytest.raises(CannotStart, match="put together without Rates, Shutdown"):
        dependencies.install(app, [Issuer("https://tsunagu.test")], [Shutdown, Issuer, Rates])
    assert dependency_if_started(app, Issuer) is None


def test_nothing_is_handed_in_twice() -> None:
    with pytest.raises(ValueError, match="two dependencies of type Rates"):
        Dependencies([Rates(Rate()), Rates(Rate())])


def test_every_need_is_a_type_of_its_own() -> None:
    assert all(isinstance(kind, type) for kind in NEEDS)
