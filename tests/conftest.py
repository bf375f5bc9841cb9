"""A PostgreSQL for the tests, a migrated database in it, and a pool for each role."""

import asyncio
import gc
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
from app.adapters.database.rights import GRANTS
from app.adapters.embedded_postgres.server import EmbeddedPostgres

pytest_plugins = [
    "tests.support.parallel",
    "tests.support.office",
    "tests.support.service",
    "tests.support.evidence",
    "tests.support.story",
]

NewDatabase = Callable[..., Urls]
GIVEN = os.environ.get("TSUNAGU_TEST_DATABASE_URL")
"""A server that is there already; without it each process of the tests has one of its own."""
ROLES = "tsunagu_api", "tsunagu_worker"
QUICK = "fsync", "full_page_writes", "synchronous_commit"
"""What makes a server survive a power cut. Ours is thrown away; those tests in which a server is
killed have one of their own, as it is in service."""
PREFIX, NUMBERS = f"tsunagu_test_{os.getpid()}", count()
"""Of the databases of this process: others may be at work on a server that is given."""
CELLS = "cells"
"""The property in which a test of the matrix says at how many it looked: of a report alone can it
be read where the tests run in processes of their own."""


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, Urls]]:
    """The administrator's login and the roles': of a server of this process's own, or of the one
    that is given."""
    if GIVEN:
        _make_roles(GIVEN)
        yield GIVEN, Urls(GIVEN, *(as_role(GIVEN, role) for role in ROLES))
        return
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as embedded:
        for setting in QUICK:
            _said(embedded.admin_url, f"ALTER SYSTEM SET {setting} = off")
        _said(embedded.admin_url, "SELECT pg_reload_conf()")
        yield embedded.admin_url, embedded.urls


@pytest.fixture(scope="session")
def empty_database(server: tuple[str, Urls]) -> Iterator[NewDatabase]:
    """Makes a database at each call: with nothing in it, or what is in the one that is named."""
    admin, urls = server

    def make(template: str = "template0") -> Urls:
        name = f"{PREFIX}_{next(NUMBERS)}"
        owner = urlsplit(urls.owner).username or "postgres"
        _said(admin, f'CREATE DATABASE {name} TEMPLATE {template} OWNER "{owner}"')
        if GIVEN:  # our own server goes as a whole
            made.callback(_said, admin, f"DROP DATABASE {name} WITH (FORCE)")
        return Urls(*(at_database(url, name) for url in astuple(urls)))

    with ExitStack() as made:
        yield make


@pytest.fixture(scope="session")
def new_database(server: tuple[str, Urls], empty_database: NewDatabase) -> NewDatabase:
    """Makes a migrated and otherwise empty database at each call, in a fifth of a second."""
    migrated = empty_database()
    _apart(lambda: migrate(migrated.owner))
    # The tests have clocks of their own; that times are checked has tests of its own.
    _said(migrated.owner, "UPDATE service_clock SET checked = false")
    _said(at_database(server[0], _name(migrated.owner)), "; ".join(GRANTS))
    return lambda: empty_database(_name(migrated.owner))


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


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays, as the service does: modules and tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cells of the matrix were looked at."""
    reports = terminalreporter.stats.get("passed", [])
    if count := sum(dict(report.user_properties).get(CELLS, 0) for report in reports):
        terminalreporter.write_line(f"matrix: {count:,} cells")


def _make_roles(admin: str) -> None:
    """Let one process make the roles, which all databases of a server share, if there are none."""
    name = f"{PREFIX}_{next(NUMBERS)}"

    async def make() -> None:
        connection = await asyncpg.connect(admin)
        try:
            await connection.execute("SELECT pg_advisory_lock(hashtext('tsunagu_test'))")
            there = "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)"
            if await connection.fetchval(there, ROLES) < len(ROLES):
                await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
                await asyncio.to_thread(migrate, at_database(admin, name))
                await connection.execute(f"DROP DATABASE {name}")
        finally:
            await connection.close()

    _apart(lambda: asyncio.run(make()))


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


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
