"""A PostgreSQL for the tests, a migrated database in it, and a pool for each role."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import astuple
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.adapters.database.logins import Urls, as_role, at_database
from app.adapters.database.migrations import migrate
from app.adapters.embedded_postgres.server import EmbeddedPostgres

pytest_plugins = [
    "tests.support.office",
    "tests.support.service",
    "tests.support.evidence",
    "tests.support.story",
]

NewDatabase = Callable[..., Urls]
CELLS = "cells"
"""The property in which a test of the matrix says at how many it looked: of a report alone can it
be read where the tests run in processes of their own."""


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, Urls]]:
    """The administrator's login and the roles': of a server of this run's own, or of the one
    that TSUNAGU_TEST_DATABASE_URL names."""
    given = os.environ.get("TSUNAGU_TEST_DATABASE_URL")
    if given:
        yield given, Urls(given, as_role(given, "tsunagu_api"), as_role(given, "tsunagu_worker"))
        return
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as embedded:
        yield embedded.admin_url, embedded.urls


@pytest.fixture(scope="session")
def empty_database(server: tuple[str, Urls]) -> Iterator[NewDatabase]:
    """Makes a database at each call: with nothing in it, or what is in the one that is named."""
    admin, urls = server
    numbers = count()

    def make(template: str = "template0") -> Urls:
        name = f"tsunagu_test_{os.getpid()}_{next(numbers)}"
        owner = urlsplit(urls.owner).username or "postgres"
        _said(admin, f'CREATE DATABASE {name} TEMPLATE {template} OWNER "{owner}"')
        made.callback(_said, admin, f"DROP DATABASE {name} WITH (FORCE)")
        return Urls(*(at_database(url, name) for url in astuple(urls)))

    with ExitStack() as made:
        yield make


@pytest.fixture(scope="session")
def new_database(empty_database: NewDatabase) -> NewDatabase:
    """Makes a migrated and otherwise empty database at each call, in a fifth of a second."""
    migrated = empty_database()
    _apart(lambda: migrate(migrated.owner))
    return lambda: empty_database(urlsplit(migrated.owner).path[1:])


@pytest.fixture(scope="session")
def database(new_database: NewDatabase) -> Urls:
    """The database that the tests share."""
    return new_database()


@pytest.fixture(scope="session")
async def owner(database: Urls) -> AsyncIterator[asyncpg.Pool]:
    """Connections of the owner of the tables, whom row security does not bind."""
    async with asyncpg.create_pool(database.owner, min_size=0, max_size=5) as pool:
        yield pool


@pytest.fixture(scope="session")
async def api(database: Urls) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the API has them."""
    async with asyncpg.create_pool(database.api, min_size=0, max_size=20) as pool:
        yield pool


@pytest.fixture(scope="session")
async def worker(database: Urls) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the worker has them."""
    async with asyncpg.create_pool(database.worker, min_size=0, max_size=5) as pool:
        yield pool


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cells of the matrix were looked at."""
    reports = terminalreporter.stats.get("passed", [])
    if count := sum(dict(report.user_properties).get(CELLS, 0) for report in reports):
        terminalreporter.write_line(f"matrix: {count:,} cells")


def _said(url: str, statement: str) -> None:
    async def say() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    _apart(lambda: asyncio.run(say()))


def _apart(work: Callable[[], None]) -> None:
    """Do `work` in a thread of its own: it runs a loop, and the tests' loop is this thread's."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()
