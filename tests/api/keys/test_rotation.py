"""Keys are replaced while the service runs, as partners see it from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from httpx import Response
from jose import jws
from jose.utils import base64url_decode
from typer.testing import CliRunner

from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.seed import seed
from app.adapters.keys.rewrapping import Rewrapping
from app.adapters.referrals.exchange import Exchange
from app.auth.signing_keys import OVERLAP, PUBLISHED_BEFORE
from app.main import create_app
from app.settings import Settings
from tests.support.command_line import cli
from tests.support.service import MovableClock, Service

ISSUER = "https://rotation.test"


@pytest.fixture
async def own_service(
    new_database: Callable[[], Urls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service of its own; `tsunagu keys` finds its folder and its database."""
    urls = new_database()
    async with connect(urls.owner) as connection:
        await seed(connection)
    settings = Settings(
        data_dir=tmp_path,
        api_database_url=urls.api,
        issuer=ISSUER,
        rate_limit=0,  # a test calls until a new key is used, however fast the calls are
        token_rate_limit=0,
    )
    clock = MovableClock()
    app = create_app(settings, clock)
    monkeypatch.setenv("TSUNAGU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", urls.owner)
    async with app.router.lifespan_context(app):
        yield Service(app, urls, clock, settings)


async def tsunagu(*words: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, cli, ["keys", *words])
    assert result.exit_code == 0, result.output
    return result.output


async def published_keys(service: Service) -> list[dict[str, str]]:
    async with service.client() as client:
        keys: list[dict[str, str]] = (await client.get("/.well-known/jwks.json")).json()["keys"]
        return keys


async def until_published(service: Service, many: int) -> None:
    async with asyncio.timeout(10):
        while len(await published_keys(service)) < many:  # noqa: ASYNC110 - the folder rings no bell
            await asyncio.sleep(0.05)


def kid(signed: str) -> str:
    key_id: str = jws.get_unverified_header(signed)["kid"]
    return key_id


async def me(service: Service, token: str) -> Response:
    async with service.client(token) as client:
        return await client.get("/v1/me")


async def test_a_signing_key_is_replaced_and_no_token_and_no_receipt_is_lost(
    own_service: Service, opening: Callable[..., dict[str, Any]]
) -> None:
    first = await own_service.token("prison-fuchu")
    async with own_service.client(first) as client:
        old_receipt = (await client.post("/v1/referrals", json=opening())).json()["receipt"]
    await tsunagu("rotate-signing")
    await until_published(own_service, 2)
    # The new key is known to everybody, and signs nothing yet.
    second = await own_service.token("prison-fuchu")
    assert kid(second) == kid(first)
    assert (await me(own_service, first)).status_code == 200

    # A moment before it does, somebody gets a token of the old one, and keeps it for as long as
    # it may be kept.
    own_service.clock.ahead += PUBLISHED_BEFORE - timedelta(seconds=30)
    last = await own_service.token("prison-fuchu")
    assert kid(last) == kid(first)
    own_service.clock.ahead += timedelta(minutes=9)
    new = await own_service.token("prison-fuchu")
    assert kid(new) != kid(first)
    assert (
        (await me(own_service, last)).status_code == (await me(own_service, new)).status_code == 200
    )

    own_service.clock.ahead += OVERLAP + timedelta(days=5 * 365)
    keys = {key["kid"]: key for key in await published_keys(own_service)}
    assert jws.verify(old_receipt, keys[kid(old_receipt)], algorithms=["ES256"])
    newer = await own_service.token("prison-fuchu")
    async with own_service.client(newer) as client:
        new_receipt = (await client.post("/v1/referrals", json=opening())).json()["receipt"]
    assert kid(new_receipt) == kid(new)
    assert jws.verify(new_receipt, keys[kid(new_receipt)], algorithms=["ES256"])


async def test_no_token_of_a_revoked_signing_key_is_believed_and_its_receipts_still_verify(
    own_service: Service, opening: Callable[..., dict[str, Any]]
) -> None:
    stolen = await own_service.token("prison-fuchu")
    async with own_service.client(stolen) as client:
        receipt = (await client.post("/v1/referrals", json=opening())).json()["receipt"]
    await tsunagu("rotate-signing", "--at-once")
    await tsunagu("revoke-signing", kid(stolen))
    await until_published(own_service, 2)
    assert (await me(own_service, stolen)).status_code == 401
    assert (await me(own_service, await own_service.token("prison-fuchu"))).status_code == 200
    keys = {key["kid"]: key for key in await published_keys(own_service)}
    assert jws.verify(receipt, keys[kid(receipt)], algorithms=["ES256"])
    assert all(len(base64url_decode(key["x"].encode())) == 32 for key in keys.values())


async def test_a_running_service_wraps_with_a_new_master_key_and_opens_what_was_rewrapped(
    own_service: Service, opening: Callable[..., dict[str, Any]]
) -> None:
    async def send(many: int = 1) -> list[str]:
        async with own_service.client(await own_service.token("prison-fuchu")) as client:
            answers = [(await client.post("/v1/referrals", json=opening())) for _ in range(many)]
        receipts = [answer.json() for answer in answers]
        return [f"/v1/referrals/{f['referral_id']}/messages/{f['message_id']}" for f in receipts]

    paths = await send()
    await tsunagu("rotate-master")
    paths += await send()
    async with asyncpg.create_pool(own_service.urls.owner, min_size=1, max_size=2) as owner:
        newest = "SELECT max(master) FROM referral_key"
        assert await owner.fetchval(newest) == 1
        own_service.clock.ahead += timedelta(minutes=10)
        async with asyncio.timeout(10):
            while await owner.fetchval(newest) == 1:
                paths += await send()
        service = own_service.dependency(Exchange)._writer.vault._service
        work = Rewrapping(owner, service, own_service.clock)
        while await work.step():
            pass
        assert await owner.fetchval("SELECT min(master) FROM referral_key") == 2
    async with own_service.client(await own_service.token("probation-13")) as reads:
        for path in paths:
            assert (await reads.get(path)).json()["body"]
        assert (await reads.get("/readyz")).status_code == 200
