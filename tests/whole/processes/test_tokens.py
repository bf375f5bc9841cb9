"""Two API processes on one database: what ends a token in one ends it in the other."""

import asyncio
import hashlib
import os
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.seed import seed
from app.adapters.keys.folder import KeyFolder
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret, new_secret
from app.domain.administration.seats import Client, Seat
from app.domain.directory.agencies import Agency
from app.settings import Settings
from tests.auth.test_dpop import part, proof
from tests.support.ready import until_ready

PATIENCE = 30.0
EFFECTIVE = 5.0
"""Seconds within which every process knows of a change."""
AGENCY = "center-13"
ISSUER = "https://tsunagu.test"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Two:
    """Two processes, and the administrator's way to their database."""

    urls: Urls
    here: httpx.AsyncClient
    there: httpx.AsyncClient

    async def administer(self, work: Callable[[Administration], Awaitable[None]]) -> None:
        async with connect(self.urls.owner) as connection:
            await work(Administration(connection))

    async def let_in(self, name: str) -> tuple[str, str]:
        """A new client with a seat of its own: its id, which the seat has too, and its secret."""
        secret = new_secret()
        seat = Seat(name, AGENCY, "席", "case_worker", CLASSES["case_worker"])
        spare = Seat(f"{name}.spare", AGENCY, "席", "viewer", CLASSES["viewer"])
        client = Client(name, AGENCY, "試験", (seat.id, spare.id), hash_secret(secret))

        async def add(administration: Administration) -> None:
            await administration.add_seat(seat, now())
            await administration.add_seat(spare, now())
            await administration.add_client(client, now())

        await self.administer(add)
        return name, secret

    async def token(self, basic: tuple[str, str]) -> str:
        form = {"grant_type": "client_credentials"}
        answer = await self.here.post("/oauth/token", data=form, auth=basic)
        token: str = answer.json()["access_token"]
        return token

    async def until_dead(self, token: str) -> float:
        """Seconds until no process takes the token any more; a while after, still none does."""
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while True:
                statuses = {await status(each, token) for each in (self.here, self.there)}
                if statuses == {401}:
                    return time.monotonic() - began
                await asyncio.sleep(0.05)


async def status(process: httpx.AsyncClient, token: str) -> int:
    answer = await process.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.fixture(scope="module")
async def two(
    new_database: Callable[[], Urls], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Two]:
    urls, data = new_database(), tmp_path_factory.mktemp("two")
    KeyFolder(data / "keys").prepare(now())
    async with connect(urls.owner) as connection:
        await seed(connection)
    async with AsyncExitStack() as ending:
        clients = []
        for _ in range(2):
            port = free_port()
            process = await start_api(urls, data, port)
            ending.push_async_callback(stop, process)
            url = f"http://127.0.0.1:{port}"
            client = httpx.AsyncClient(base_url=url, timeout=PATIENCE)
            clients.append(await ending.enter_async_context(client))
        for client in clients:
            await until_ready(client)
        yield Two(urls, *clients)


async def start_api(urls: Urls, data: Path, port: int) -> Process:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {
        "TSUNAGU_API_DATABASE_URL": urls.api,
        "TSUNAGU_DATA_DIR": str(data),
        "TSUNAGU_PORT": str(port),
        "TSUNAGU_ISSUER": ISSUER,
        "TSUNAGU_LOG_LEVEL": "warning",
        "TSUNAGU_SHUTDOWN_GRACE": "PT1S",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "serve", env=environment
    )


async def stop(process: Process) -> None:
    process.terminate()
    assert await process.wait() == 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def test_a_revoked_token_is_dead_at_once_here_and_within_seconds_there(two: Two) -> None:
    basic = await two.let_in("tests.revokes")
    token = await two.token(basic)
    assert {await status(each, token) for each in (two.here, two.there)} == {200}

    answer = await two.here.post("/oauth/revoke", data={"token": token}, auth=basic)

    assert answer.status_code == 200
    assert await status(two.here, token) == 401
    assert await two.until_dead(token) < EFFECTIVE


@pytest.mark.parametrize("what", [Client, Seat])
async def test_what_is_disabled_is_out_everywhere_within_seconds_and_has_to_come_anew(
    two: Two, what: type[Client | Seat]
) -> None:
    name, secret = await two.let_in(f"tests.disabled-{what.__name__.lower()}")
    token = await two.token((name, secret))
    assert {await status(each, token) for each in (two.here, two.there)} == {200}

    await two.administer(lambda administration: administration.disable(what, name, now()))
    assert await two.until_dead(token) < EFFECTIVE

    await two.administer(lambda administration: administration.disable(what, name, None))
    anew = await two.token((name, secret))
    assert {await status(each, anew) for each in (two.here, two.there)} == {200}
    assert {await status(each, token) for each in (two.here, two.there)} == {401}


CHANGES: dict[str, Callable[[Administration, str], Awaitable[None]]] = {
    "role": lambda administration, name: administration.change_seat(
        name, None, "viewer", CLASSES["viewer"]
    ),
    "classes": lambda administration, name: administration.change_seat(
        name, None, None, frozenset({"C0"})
    ),
    "unlinked": lambda administration, name: administration.link(name, [f"{name}.spare"]),
    "secret": lambda administration, name: administration.change_client(
        name, secret_hash=hash_secret("another")
    ),
    "revoked": lambda administration, name: administration.stop_tokens(Client, name, now()),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_rights_ends_the_tokens_from_before_it_everywhere(
    two: Two, change: str
) -> None:
    name, secret = await two.let_in(f"tests.{change}")
    token = await two.token((name, secret))
    assert {await status(each, token) for each in (two.here, two.there)} == {200}

    await two.administer(lambda administration: CHANGES[change](administration, name))

    assert await two.until_dead(token) < EFFECTIVE


async def test_a_disabled_agency_is_out_everywhere_within_seconds(two: Two) -> None:
    token = await two.token(await two.let_in("tests.agency"))
    assert {await status(each, token) for each in (two.here, two.there)} == {200}
    try:
        await two.administer(lambda administration: administration.disable(Agency, AGENCY, now()))
        assert await two.until_dead(token) < EFFECTIVE
    finally:
        await two.administer(lambda administration: administration.disable(Agency, AGENCY, None))


async def test_a_proof_counts_once_in_both_processes_together(two: Two) -> None:
    basic, key = await two.let_in("tests.bound"), ec.generate_private_key(ec.SECP256R1())

    def make_proof(method: str, path: str, ath: str | None = None) -> str:
        jti, iat = str(uuid4()), int(time.time())
        return proof(key, jti=jti, iat=iat, htm=method, htu=f"{ISSUER}{path}", ath=ath)

    asked = await two.here.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=basic,
        headers={"DPoP": make_proof("POST", "/oauth/token")},
    )
    token = asked.json()["access_token"]
    ath = part(hashlib.sha256(token.encode()).digest())
    for _ in range(5):
        headers = {"Authorization": f"DPoP {token}", "DPoP": make_proof("GET", "/v1/me", ath=ath)}
        answers = await asyncio.gather(
            *(each.get("/v1/me", headers=headers) for each in (two.here, two.there) * 2)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_wrong_secrets_at_both_processes_lock_in_both(two: Two) -> None:
    name, secret = await two.let_in("tests.guessed")
    form = {"grant_type": "client_credentials"}
    for n in range(Settings().lockout_failures):
        process = (two.here, two.there)[n % 2]
        assert (await process.post("/oauth/token", data=form, auth=(name, "x"))).status_code == 401
    for process in (two.here, two.there):
        answer = await process.post("/oauth/token", data=form, auth=(name, secret))
        assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
