"""A service in which two cases were played, and somebody in every kind of seat at one center."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.seed import seed
from app.adapters.evidence.collecting import Evidence
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.sealer import Sealer
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenTerms
from app.main import create_app
from app.settings import Settings
from tests.conftest import NewDatabase
from tests.support.service import MovableClock, dependency_of
from tests.whole.matrix.agreed import ROLES
from tests.whole.matrix.played import Played, play
from tests.whole.matrix.speaker import Speaker
from tests.whole.matrix.tokens import Mints

US, OTHERS, CLOSED = "center-13", "center-27", "center-46"
"""Our center, one that has nothing to do with it, and one that is disabled."""
ON_PAPER = "bar-13-daini"
"""Who has no part in the service but on paper."""
SECRET = "tsc_of-every-client-of-the-matrix"
Folders: TypeAlias = pytest.TempPathFactory
RecordProperty: TypeAlias = Callable[[str, object], None]


@dataclass
class World:
    """The service, what was played in it, and a client that speaks with any token."""

    app: FastAPI
    settings: Settings
    urls: Urls
    clock: MovableClock
    http: AsyncClient
    tables: asyncpg.Pool
    mints: Mints
    speaker: Speaker
    ours: Played
    theirs: Played

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[None]:
        """Seal all the time, as while a worker runs."""

        async def without_end() -> None:
            while True:
                await self.seal()
                await asyncio.sleep(0.1)

        task = asyncio.create_task(without_end())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def seal(self) -> None:
        """Do what the worker does each second."""
        name = self.settings.log_name
        keys = CheckpointKeys(KeyFolder(self.settings.data_dir / "keys"), name)
        async with asyncpg.create_pool(self.urls.worker, min_size=0, max_size=1) as pool:
            while await Sealer(pool, keys, name, self.clock).seal():
                pass


@pytest.fixture(scope="session")
async def world(new_database: NewDatabase, tmp_path_factory: Folders) -> AsyncIterator[World]:
    """The world of the matrix, in which nothing is done but what the matrix does."""
    async with create_world(new_database(), tmp_path_factory) as world:
        yield world


@asynccontextmanager
async def create_world(urls: Urls, folders: Folders) -> AsyncIterator[World]:
    """A world in an empty database."""
    clock = MovableClock()
    async with connect(urls.owner) as connection:
        await seed(connection)
        await _people(connection, clock)
    settings = Settings(
        data_dir=folders.mktemp("data"),
        api_database_url=urls.api,
        issuer="https://tsunagu.test",
        rate_limit=0,  # twenty thousand calls in one minute, from one address
        messages_per_day=0,
        stranger_rate_limit=0,
        token_rate_limit=0,
        lockout_failures=0,
    )
    app = create_app(settings, clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="https://tsunagu.test") as http,
        asyncpg.create_pool(urls.owner, min_size=0, max_size=2) as tables,
    ):
        dependency_of(app, Evidence)._patience = 0.0  # nobody seals while a bundle is made
        terms = TokenTerms(settings.issuer_url, settings.audience_url)
        mints = Mints(dependency_of(app, SigningKeys), terms, clock(), folders.mktemp("forger"))
        speaker = Speaker(http, mints)
        ours = await play(speaker, "probation-13", US)
        theirs = await play(speaker, "probation-27", OTHERS)
        ours, theirs = [await ask_back_later(tables, each, clock) for each in (ours, theirs)]
        world = World(app, settings, urls, clock, http, tables, mints, speaker, ours, theirs)
        await world.seal()
        yield world


async def ask_back_later(tables: asyncpg.Pool, played: Played, clock: MovableClock) -> Played:
    """Ask the center for what it was sent, as can be done only days afterwards."""
    request = await tables.fetchval(
        "INSERT INTO recall_request (id, act_id, message_id, referral_id, reader_referral_id, type,"
        " sender_agency, recipient_agency, recipient_party, reason, requested_at, requested_by,"
        " expires_at) SELECT gen_random_uuid(), $2, m.id, m.referral_id, m.referral_id, m.type,"
        " m.from_agency, $3, 'center', 'too_much', $4, m.from_seat, $5 FROM message m"
        " WHERE m.id = $1 RETURNING id::text",
        UUID(played.request),
        UUID(played.act),
        played.center,
        clock(),
        clock() + timedelta(days=10),
    )
    played = replace(played, asked_to_give=request)
    asked_to_erase = await ask_to_erase(tables, played, played.referral, played.refused_act, clock)
    elsewhere = await tables.fetchval(
        "SELECT referral_id FROM return_request WHERE id = $1", UUID(played.asked_back)
    )
    made = await ask_to_erase(tables, played, str(elsewhere), played.withdrawn_act, clock)
    return replace(played, asked_to_erase=asked_to_erase, erasure_request=made)


async def ask_to_erase(
    tables: asyncpg.Pool, played: Played, referral: str, act: str, clock: MovableClock
) -> str:
    """A request to erase what its referral has: by the center, or to it from the office."""
    by_center = act == played.withdrawn_act
    request: str = await tables.fetchval(
        "INSERT INTO erasure_request (id, agency_id, referral_id, reason, classes, requested_at,"
        " requested_by, expires_at) SELECT $1, q.agency_id, q.referral_id, 'not_needed', '{C4}',"
        " $4, 'seat', $5 FROM party q WHERE q.referral_id = $2 AND q.agency_id = $3"
        " RETURNING id::text",
        UUID(act),
        UUID(referral),
        played.center if by_center else played.office,
        clock(),
        clock() + timedelta(days=30),
    )
    await tables.execute(
        "INSERT INTO erasure_answer (request_id, agency_id, referral_id) VALUES ($1, $2, $3)",
        UUID(request),
        played.office if by_center else played.center,
        UUID(referral),
    )
    return request


async def _people(connection: asyncpg.Connection, clock: MovableClock) -> None:
    for agency in ("probation-13", "probation-27"):
        await _add_seat(connection, agency, "decider", "decider")
    for role in ROLES:
        await _add_seat(connection, "prison-fuchu", role, role)
        await _add_seat(connection, OTHERS, role, role)
        await _add_seat(connection, US, role, role)
        await _add_seat(connection, CLOSED, role, role)
        seat, _ = await _add_seat(connection, US, role, f"{role}-off-seat")
        await connection.execute("UPDATE seat SET disabled_at = $2 WHERE id = $1", seat, clock())
        _, client = await _add_seat(connection, US, role, f"{role}-off-client")
        off = "UPDATE client SET disabled_at = $2 WHERE id = $1"
        await connection.execute(off, client, clock())
        _, client = await _add_seat(connection, US, role, f"{role}-unlinked")
        await connection.execute("DELETE FROM client_seat WHERE client_id = $1", client)
        seat, _ = await _add_seat(connection, US, role, f"{role}-changed")
        await connection.execute("UPDATE seat SET classes = '{C3}' WHERE id = $1", seat)
        _, client = await _add_seat(connection, US, role, f"{role}-rekeyed")
        anew = "UPDATE client SET secret_hash = $2 WHERE id = $1"
        await connection.execute(anew, client, hash_secret(SECRET[::-1]))
    await connection.execute("UPDATE agency SET connected = false WHERE id = $1", ON_PAPER)
    await connection.execute("UPDATE agency SET disabled_at = $2 WHERE id = $1", CLOSED, clock())


async def _add_seat(
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
