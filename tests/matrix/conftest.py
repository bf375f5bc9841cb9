"""A service in which two cases were played, and somebody in every kind of seat at one center."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.adapters.national import seed
from app.adapters.preparation import connected
from app.adapters.urls import Urls
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret
from app.auth.tokens import TokenTerms
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import MovableClock
from tests.matrix.agreed import ROLES
from tests.matrix.played import Played, play
from tests.matrix.tokens import Mints, caller

US, OTHERS, CLOSED = "center-13", "center-27", "center-46"
"""Our center, one that has nothing to do with it, and one that is disabled."""
ON_PAPER = "bar-13-daini"
"""Who has no part in the service but on paper."""
SECRET = "tsc_of-every-client-of-the-matrix"
CELLS = pytest.StashKey[int]()


@dataclass
class World:
    """The service, what was played in it, and a client that speaks with any token."""

    app: FastAPI
    http: AsyncClient
    tables: asyncpg.Pool
    mints: Mints
    ours: Played
    theirs: Played

    async def post(self, agency: str, path: str, json: Any, role: str = "decider") -> Response:
        """What this agency sends in the course of the play."""
        token = self.mints.good(caller(agency, role))
        answer = await self.http.post(path, json=json, headers=bearer(token))
        assert answer.is_success, answer.text
        return answer

    def decider(self, agency: str) -> str:
        """A good token of a decider."""
        return self.mints.good(caller(agency, "decider"))


def bearer(token: str | None) -> dict[str, str]:
    """The header that carries a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="session")
async def world(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Everything that the matrix needs, once."""
    urls, clock = new_database(), MovableClock()
    async with connected(urls.owner) as connection:
        await seed(connection)
        await _people(connection, clock)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        api_database_url=urls.api,
        issuer="https://tsunagu.test",
        rate_limit=0,  # fifteen thousand calls in one minute, from one address
        stranger_rate_limit=0,
        token_rate_limit=0,
    )
    app = create_app(settings, clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as http,
        asyncpg.create_pool(urls.owner, min_size=0, max_size=2) as tables,
    ):
        terms = TokenTerms(settings.issuer_url, settings.audience_url)
        folder = tmp_path_factory.mktemp("forger")
        mints = Mints(app.state.services.keys, terms, clock(), folder)
        found = World(app, http, tables, mints, None, None)  # type: ignore[arg-type]
        found.ours = await play(found.post, "probation-13", US)
        found.theirs = await play(found.post, "probation-27", OTHERS)
        yield found


async def _people(connection: asyncpg.Connection, clock: MovableClock) -> None:
    for agency in ("probation-13", "probation-27", OTHERS):
        await _seated(connection, agency, "decider", "decider")
    await _seated(connection, OTHERS, "records_officer", "records_officer")
    for role in ROLES:
        await _seated(connection, US, role, role)
        await _seated(connection, CLOSED, role, role)
        seat, _ = await _seated(connection, US, role, f"{role}-off-seat")
        await connection.execute("UPDATE seat SET disabled_at = $2 WHERE id = $1", seat, clock())
        _, client = await _seated(connection, US, role, f"{role}-off-client")
        off = "UPDATE client SET disabled_at = $2 WHERE id = $1"
        await connection.execute(off, client, clock())
    await connection.execute("UPDATE agency SET connected = false WHERE id = $1", ON_PAPER)
    await connection.execute("UPDATE agency SET disabled_at = $2 WHERE id = $1", CLOSED, clock())


async def _seated(
    connection: asyncpg.Connection, agency: str, role: str, name: str
) -> tuple[str, str]:
    seat, client = f"{agency}.{name}", f"{agency}.{name}-system"
    await connection.execute(
        "INSERT INTO seat (id, agency_id, name, role, classes, created_at)"
        " VALUES ($1, $2, $3, $4, $5, now())",
        seat, agency, name, role, sorted(CLASSES[role]),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO client (id, agency_id, name, secret_hash, created_at)"
        " VALUES ($1, $2, 'tests', $3, now())",
        client, agency, hash_secret(SECRET),
    )  # fmt: skip
    await connection.execute("INSERT INTO client_seat VALUES ($1, $2, 1)", client, seat)
    return seat, client


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many cells were looked at."""
    if count := config.stash.get(CELLS, 0):
        terminalreporter.write_line(f"matrix: {count:,} cells")
