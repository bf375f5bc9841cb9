"""What the service does when what it stands on is missing."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient

from app.adapters.administration.by_owner import Administration, AgencyChange
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.directory.seed import seed
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.over_socket import serving
from app.adapters.outage import CannotStart
from app.adapters.service import readiness
from app.main import create_app
from app.settings import Settings

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def settings_with(service: Any) -> Callable[..., Settings]:
    """The service's settings, with some changed."""
    return lambda **changed: service.settings.model_copy(update=changed)


async def refused_start(settings: Settings) -> str:
    app = create_app(settings)
    with pytest.raises(CannotStart) as refused:
        async with app.router.lifespan_context(app):
            raise AssertionError("it has started")
    return str(refused.value)


async def test_without_its_master_key_it_does_not_start_and_makes_no_new_one(
    speak: Any, opening: Make, settings_with: Any, tmp_path: Path
) -> None:
    prison = await speak("prison-fuchu")
    assert (await prison.post("/v1/referrals", json=opening())).status_code == 201
    reason = await refused_start(settings_with(data_dir=tmp_path))
    assert "master key 1" in reason
    assert not (tmp_path / "keys").exists()


async def test_with_another_master_key_of_the_same_name_it_does_not_start(
    service: Any, speak: Any, opening: Make, settings_with: Any, tmp_path: Path
) -> None:
    prison = await speak("prison-fuchu")
    assert (await prison.post("/v1/referrals", json=opening())).status_code == 201
    shutil.copytree(service.settings.data_dir / "keys", tmp_path / "keys")
    (tmp_path / "keys" / "master-1.key").write_bytes(b"x" * 32)
    assert "master key 1" in await refused_start(settings_with(data_dir=tmp_path))


async def test_without_a_database_it_says_what_to_set(settings_with: Any) -> None:
    reason = await refused_start(settings_with(api_database_url=None, database_url=None))
    assert "TSUNAGU_DATABASE_URL" in reason


@pytest.fixture
async def fragile(
    new_database: Callable[[], Urls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A service on a database of its own, and that database's owner's address."""
    monkeypatch.setattr(readiness, "KEPT", 0.0)
    urls = new_database()
    async with connect(urls.owner) as connection:
        await seed(connection)
    app = create_app(Settings(data_dir=tmp_path, api_database_url=urls.api))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        yield client, urls, tmp_path


async def test_with_a_clock_that_is_off_it_writes_nothing_and_says_so(
    fragile: Any, speak: Any, opening: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _, _ = fragile
    prison = await speak("prison-fuchu")
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: real() - 20)
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["amiss"]) == (503, ["clock"])
        sent = await prison.post("/v1/referrals", json=opening())
        assert (sent.status_code, sent.json()["type"].split("/")[-1]) == (503, "unavailable")
        assert "Retry-After" in sent.headers
        assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200
    assert (await prison.post("/v1/referrals", json=opening())).status_code == 201


async def test_with_a_clock_that_is_off_it_does_not_start(
    settings_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 20)
    assert "+20.0 seconds" in await refused_start(settings_with())


async def test_readiness_names_the_part_that_does_not_work(fragile: Any) -> None:
    client, urls, folder = fragile
    (folder / "keys" / "master-1.key").rename(folder / "away")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["amiss"]) == (503, ["keys"])
    (folder / "away").rename(folder / "keys" / "master-1.key")
    async with connect(urls.owner) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = 'older'")
    assert (await client.get("/readyz")).json()["amiss"] == ["migrations"]


async def test_while_the_database_is_away_callers_are_told_to_come_back(
    fragile: Any, server: tuple[str, Urls]
) -> None:
    client, urls, _ = fragile
    name = urls.owner.rpartition("/")[2].partition("?")[0]
    admin = await asyncpg.connect(server[0])
    token = {"grant_type": "client_credentials"}
    try:
        await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        for _ in range(3):
            answer = await client.post("/oauth/token", auth=("x", "y"), data=token)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
        assert (await client.get("/readyz")).json()["amiss"] == ["database"]
        assert (await client.get("/healthz")).status_code == 200
    finally:
        await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        await admin.close()
    assert (await client.post("/oauth/token", auth=("x", "y"), data=token)).status_code == 401


async def test_a_message_to_an_agency_that_is_not_connected_is_printed_for_it(
    service: Any, speak: Any, opening: Make, directory_again: Any
) -> None:
    async with connect(service.urls.owner) as connection:
        await Administration(connection).change_agency(
            "probation-20", AgencyChange(connected=False)
        )
    await directory_again()
    prison, message = await speak("prison-fuchu"), opening(to={"probation_office": "probation-20"})
    would = await prison.post("/v1/referrals?dry_run=true", json=message)
    assert [r["to_print"] for r in would.json()["would"]["readers"]] == [False, True]
    await prison.post("/v1/referrals", json=message)
    sheet = await prison.get(f"/v1/referrals/{message['id']}/messages/{message['id']}/sheet")
    assert "長野保護観察所 御中" in sheet.text
    waiting = await (await speak("probation-20")).get("/v1/inbox")
    assert waiting.json()["items"][-1]["to_print"] is True


async def test_while_the_key_service_is_away_nothing_is_written_and_callers_are_told_to_wait(
    service: Any, speak: Any, opening: Make, settings_with: Any, tables: Any
) -> None:
    socket = Path(mkdtemp()) / "socket"
    keys = FolderKeys(KeyFolder(service.settings.data_dir / "keys"), service.clock)
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    message = (await prison.post("/v1/referrals", json=opening())).json()
    path = f"/v1/referrals/{message['referral_id']}/messages/{message['message_id']}"
    counts = (
        "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM segment),"
        " (SELECT count(*) FROM referral_key), (SELECT count(*) FROM log_entry)"
    )
    app = create_app(settings_with(key_service=f"unix:{socket}"), service.clock)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        before = await tables.fetchrow(counts)
        message = opening()
        for answer in (
            await client.post("/v1/referrals", json=message, headers=prison.headers),
            await client.get(path, headers=office.headers),
            await client.post("/v1/referrals", json=message, headers=prison.headers),
        ):
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/unavailable"
            assert int(answer.headers["Retry-After"]) > 0
        assert await tables.fetchrow(counts) == before
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["amiss"]) == (503, ["keys"])
        async with serving(keys, socket):
            assert (await client.get("/readyz")).status_code == 200
            taken = await client.post("/v1/referrals", json=message, headers=prison.headers)
            assert taken.status_code == 201
            again = await client.post("/v1/referrals", json=message, headers=prison.headers)
            assert (again.status_code, again.content) == (200, taken.content)
            read = await client.get(path, headers=office.headers)
            assert read.status_code == 200
            assert read.json()["body"]
