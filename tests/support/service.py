"""The whole service on a database with the national directory, and clients that speak to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr

from app.adapters.access import refused_calls
from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.cache import DirectoryCache
from app.adapters.directory.seed import seed
from app.adapters.inbox.inboxes import Inboxes
from app.adapters.service import figures, readiness
from app.api.wire.dependencies import Dependencies
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret, new_secret
from app.cli.processes.serve import ApiServer, api_server
from app.domain.administration.seats import Client, Seat
from app.domain.flows import BODIES
from app.main import create_app
from app.settings import Settings

T = TypeVar("T")
Speak = Callable[..., Awaitable[AsyncClient]]

METRICS_TOKEN = SecretStr("the-operators")
OPERATOR = {"Authorization": f"Bearer {METRICS_TOKEN.get_secret_value()}"}
"""The headers with which the metrics are read."""
JAPAN = timezone(timedelta(hours=9))


@dataclass
class MovableClock:
    """Real time, moved by `ahead`."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        at = datetime.now(JAPAN) + self.ahead
        return at.replace(microsecond=at.microsecond // 1000 * 1000)


def dependency_of(app: FastAPI, kind: type[T]) -> T:
    """The object of this type that the routes of `app` work with."""
    dependencies: Dependencies = app.state.dependencies
    return dependencies[kind]


@dataclass
class Service:
    """The running application, its database and the folder with its keys."""

    app: FastAPI
    urls: Urls
    clock: MovableClock
    settings: Settings
    secrets: dict[str, str] = field(default_factory=dict)

    def client(self, token: str | None = None) -> AsyncClient:
        """A client without a token, or with this one."""
        return AsyncClient(
            transport=ASGITransport(self.app),
            base_url="https://tsunagu.test",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def dependency(self, kind: type[T]) -> T:
        """The object of this type that its routes work with."""
        return dependency_of(self.app, kind)

    async def token(self, agency: str, role: str = "decider", scope: str | None = None) -> str:
        """A token from the token endpoint for a seat of this role, made when first asked for."""
        client_id, seat = f"{agency}.{role}-system", f"{agency}.{role}"
        if client_id not in self.secrets:
            self.secrets[client_id] = await self.add_client(agency, role, client_id, seat)
        form = {"grant_type": "client_credentials", "seat": seat}
        if scope is not None:
            form["scope"] = scope
        async with self.client() as client:
            answer = await client.post(
                "/oauth/token", auth=(client_id, self.secrets[client_id]), data=form
            )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    async def add_client(self, agency: str, role: str, client_id: str, seat: str) -> str:
        """Add a seat, and a client that is linked to it; its secret."""
        secret, now = new_secret(), self.clock()
        async with connect(self.urls.owner) as connection:
            administration = Administration(connection)
            await administration.add_seat(Seat(seat, agency, role, role, CLASSES[role]), now)
            await administration.add_client(
                Client(client_id, agency, "tests", (seat,), hash_secret(secret)), now
            )
        return secret


@pytest.fixture(scope="session")
async def service(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The service as `make run` has it, in this process."""
    urls = new_database()
    async with connect(urls.owner) as connection:
        await seed(connection)
    folder = tmp_path_factory.mktemp("data")
    settings = Settings(
        data_dir=folder,
        api_database_url=urls.api,
        issuer="https://tsunagu.test",
        rate_limit=0,  # all tests are one address, and come in one minute
        stranger_rate_limit=0,
        token_rate_limit=0,
        lockout_failures=0,
        referrals_to_one_per_day=1_000,  # and on one day
        metrics_token=METRICS_TOKEN,
    )
    clock = MovableClock()
    app = create_app(settings, clock)
    with pytest.MonkeyPatch.context() as patch:
        # Tests write the counts down when they look at them, and not by chance in between.
        patch.setattr(refused_calls, "PERIOD", 3_600.0)
        patch.setattr(readiness, "KEPT", 0.0)
        patch.setattr(figures, "KEPT", 0.0)
        async with app.router.lifespan_context(app):
            yield Service(app, urls, clock, settings)


@pytest.fixture
async def speak(service: Service) -> AsyncIterator[Speak]:
    """`await speak(agency, role)`: a client that speaks for a seat of that role."""
    async with AsyncExitStack() as clients:

        async def open_client(
            agency: str, role: str = "decider", scope: str | None = None
        ) -> AsyncClient:
            token = await service.token(agency, role, scope)
            return await clients.enter_async_context(service.client(token))

        yield open_client


@pytest.fixture
async def stranger(service: Service) -> AsyncIterator[AsyncClient]:
    """A client without a token."""
    async with service.client() as client:
        yield client


@pytest.fixture(scope="session")
async def tables(service: Service) -> AsyncIterator[asyncpg.Pool]:
    """Connections of the owner of the service's tables."""
    async with asyncpg.create_pool(service.urls.owner, min_size=0, max_size=3) as pool:
        yield pool


@pytest.fixture
def directory_again(service: Service) -> Callable[[], Awaitable[bool]]:
    """`await directory_again()`: the service looks at the directory now, not in two seconds."""
    return service.dependency(DirectoryCache).refresh


@pytest.fixture(scope="session")
def envelope() -> Callable[..., dict[str, Any]]:
    """`envelope(type, **changed)`: the example of a type in an envelope with a new id."""

    def make(message_type: str, **changed: Any) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "occurred_on": "2026-11-20",
            "body": dict(BODIES[message_type].EXAMPLE),
            **changed,
        }

    return make


@pytest.fixture(scope="session")
def opening(envelope: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """`opening(**changed)`: prison-fuchu's notice of a candidate to probation-13."""

    def make(**changed: Any) -> dict[str, Any]:
        to = {"to": {"probation_office": "probation-13"}}
        return envelope("special_adjustment.notify_candidate", **{**to, **changed})

    return make


@dataclass
class Running:
    """The service behind a real server, in a thread of its own."""

    url: str
    app: FastAPI
    server: ApiServer

    def stop(self) -> None:
        """Tell it to stop, as a signal does."""
        self.server.should_exit = True


@pytest.fixture(scope="session")
def listening(service: Service) -> Iterator[Running]:
    """The service behind a real server, until the tests end."""
    with serve_in_thread(service.settings, service.clock) as running:
        yield running


@pytest.fixture
def running(service: Service) -> Callable[[], AbstractContextManager[Running]]:
    """`with running() as server`: another such server, to be stopped."""
    return lambda: serve_in_thread(service.settings, service.clock)


@contextmanager
def serve_in_thread(settings: Settings, clock: MovableClock) -> Iterator[Running]:
    """Serve in a thread; at the end the server has to stop within 3 seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_app(settings, clock)
        server = api_server(settings, app)
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        host, port = listener.getsockname()
        running = Running(f"http://{host}:{port}", app, server)
        yield running
        running.stop()
        thread.join(3)
        assert not thread.is_alive()


def waits(app: FastAPI, agency: str) -> bool:
    """Whether somebody waits for that agency's inbox in `app`."""
    return agency in dependency_of(app, Inboxes)._bell._waiting


@pytest.fixture
def until_waits() -> Callable[..., Awaitable[None]]:
    """`await until_waits(app, agency, True)`: goes on when somebody waits; `False`: nobody."""

    async def until(app: FastAPI, agency: str, waiting: bool) -> None:
        async with asyncio.timeout(3):
            while waits(app, agency) is not waiting:  # noqa: ASYNC110 -- it may be another thread's
                await asyncio.sleep(0)

    return until
