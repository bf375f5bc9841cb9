"""A database that takes no writes, is shut down, or in which somebody holds what others need."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.adapters.database import pool as pools
from app.adapters.database.connection import connect
from app.adapters.database.logins import Urls
from app.adapters.database.pool import NoConnection, open_pool
from app.adapters.database.shares import about, claim, of_agency, of_client, of_subject
from app.adapters.directory.seed import seed
from app.adapters.inbox.inboxes import Inboxes
from app.adapters.job import PeriodicJob
from app.adapters.outage import Outage, is_outage, outage_of
from app.adapters.service import figures, readiness
from app.main import create_app
from app.resources import open_resources
from app.settings import Settings
from app.worker import all_jobs
from tests.support.service import MovableClock, Service

Make = Callable[..., dict[str, Any]]
Server = tuple[str, Urls]


@pytest.fixture
async def own(
    new_database: Callable[[], Urls], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service with usual limits, on a database of its own."""
    urls = new_database()
    async with connect(urls.owner) as connection:
        await seed(connection)
    for module in (readiness, figures):
        monkeypatch.setattr(module, "KEPT", 0.0)
    settings = Settings(
        data_dir=tmp_path,
        api_database_url=urls.api,
        worker_database_url=urls.worker,
        issuer="https://tsunagu.test",
    )
    clock = MovableClock()
    app = create_app(settings, clock)
    async with app.router.lifespan_context(app):
        yield Service(app, urls, clock, settings)


def name_of(urls: Urls) -> str:
    return urls.owner.rpartition("/")[2].partition("?")[0]


@asynccontextmanager
async def read_only(server: Server, urls: Urls) -> AsyncIterator[None]:
    """A failover: all sessions end, and new ones only read."""
    async with connect(server[0]) as admin:
        name = name_of(urls)
        await admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await end_sessions(admin, name)
        try:
            yield
        finally:
            await admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def end_sessions(admin: Any, name: str) -> None:
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name
    )


def must_be_tried_again(answer: Response, code: str = "unavailable") -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == f"/problems/{code}"
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_database_that_only_reads_is_answered_503_and_left_once_it_writes_again(
    own: Service, server: Server, opening: Make
) -> None:
    async with own.client(await own.token("prison-fuchu")) as prison:
        message = opening()
        async with read_only(server, own.urls):
            for _ in range(own.settings.api_pool_size + 1):
                must_be_tried_again(await prison.post("/v1/referrals", json=message))
            ready = await prison.get("/readyz")
            assert (ready.status_code, ready.json()["amiss"]) == (503, ["writes"])
            assert (await prison.get("/healthz")).status_code == 200
        assert (await prison.post("/v1/referrals", json=message)).status_code == 201
        assert (await prison.get("/readyz")).status_code == 200


async def test_sessions_that_no_longer_write_are_thrown_away(own: Service, opening: Make) -> None:
    """As of a primary that becomes a standby under its sessions."""
    pool = own.dependency(Inboxes)._pool
    async with own.client(await own.token("prison-fuchu")) as prison:
        async with AsyncExitStack() as lent:
            for _ in range(own.settings.api_pool_size):
                connection = await lent.enter_async_context(pool.acquire())
                await connection.execute("SET default_transaction_read_only = on")
        message = opening()
        must_be_tried_again(await prison.post("/v1/referrals", json=message))
        for _ in range(own.settings.api_pool_size):
            assert (await prison.post("/v1/referrals", json=message)).status_code in {200, 201}


async def test_no_job_of_the_worker_ends_in_a_database_that_only_reads(
    own: Service, server: Server, opening: Make
) -> None:
    async with own.client(await own.token("prison-fuchu")) as prison:
        assert (await prison.post("/v1/referrals", json=opening())).status_code == 201
    async with open_resources(
        own.settings, own.clock, own.urls.worker, 2, "tests of the worker"
    ) as resources:
        jobs = [job for job in all_jobs(resources) if isinstance(job, PeriodicJob)]
        async with read_only(server, own.urls):
            assert await steps(jobs)
        assert await steps(jobs) == set()


async def test_a_shut_down_of_all_sessions_costs_no_call_more_than_one_try(
    own: Service, server: Server, opening: Make
) -> None:
    async with own.client(await own.token("prison-fuchu")) as prison:
        for _ in range(3):
            async with connect(server[0]) as admin:
                await end_sessions(admin, name_of(own.urls))
            message = opening()
            answers = [await prison.post("/v1/referrals", json=message) for _ in range(2)]
            assert answers[1].status_code in {200, 201}
            if answers[0].status_code != 201:
                must_be_tried_again(answers[0])
            assert (await prison.get("/readyz")).status_code == 200


async def steps(jobs: Iterable[PeriodicJob]) -> set[type[Exception]]:
    """Take a step of each job; the types of the errors, all of which may pass."""
    errors = set()
    for job in jobs:
        try:
            await job.step()
        except Exception as error:
            if not is_outage(error):
                raise
            errors.add(type(error))
    return errors


@asynccontextmanager
async def held_case(urls: Urls, referral: str) -> AsyncIterator[None]:
    """Somebody holds the row of a case, and does not come back."""
    async with connect(urls.owner) as holder, holder.transaction():
        row = (
            'SELECT FROM "case" WHERE id = (SELECT case_id FROM referral WHERE id = $1) FOR UPDATE'
        )
        await holder.execute(row, referral)
        yield


async def test_while_one_case_is_held_only_calls_about_that_case_wait(
    own: Service, opening: Make, envelope: Make
) -> None:
    async with (
        own.client(await own.token("prison-fuchu")) as prison,
        own.client(await own.token("probation-13")) as office,
        own.client(await own.token("prison-chiba")) as other,
    ):
        opened = (await prison.post("/v1/referrals", json=opening())).json()
        case = opened["referral_id"]
        messages = f"/v1/referrals/{case}/messages"
        message = f"{messages}/{opened['message_id']}"
        async with held_case(own.urls, case):
            start = "special_adjustment.start_selection"
            blocked = [
                asyncio.create_task(call)
                for _ in range(4)
                for call in (
                    office.post(messages, json=envelope(start)),
                    office.get(message),
                    prison.post(f"{message}/recall", json={"reason": "sent_in_error"}),
                )
            ]
            times = [await timed(other.post("/v1/referrals", json=opening())) for _ in range(10)]
            times += [await timed(other.get("/v1/inbox")) for _ in range(10)]
            ready = await other.get("/readyz")
            assert (ready.status_code, ready.json()["amiss"]) == (200, [])
            assert max(times) < 1.0
            began = time.monotonic()
            answers = await asyncio.gather(*blocked)
            assert time.monotonic() - began < 10
        waited = [answer for answer in answers if answer.status_code == 503]
        assert waited
        for answer in waited:
            code = answer.json()["type"].rpartition("/")[2]
            must_be_tried_again(answer, code)
            assert code in {"busy", "unavailable"}
        assert any(answer.json()["type"] == "/problems/busy" for answer in waited)


async def timed(call: Any) -> float:
    began = time.monotonic()
    answer: Response = await call
    assert answer.status_code in {200, 201}, answer.text
    return time.monotonic() - began


SLOW = "SELECT pg_sleep(3)"
ONE_CASE = UUID(int=1)


async def test_slow_calls_of_an_agency_with_many_clients_leave_connections_for_others(
    own: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "WAIT_FOR_CONNECTION", 0.5)
    pool = await open_pool(own.urls.api, 4, "tests")

    async def call(agency: str, subject: str, statement: str = SLOW) -> Exception | None:
        claim(agency, f"{agency}.{subject}", subject)
        if subject == str(ONE_CASE):
            about(ONE_CASE)
        try:
            await pool.fetchval(statement)
        except Exception as error:
            return error
        return None

    try:
        slow = [asyncio.create_task(call("slow", str(n))) for n in range(8)]
        about_one = [asyncio.create_task(call(f"c{n}", str(ONE_CASE))) for n in range(8)]
        await asyncio.sleep(0)
        assert [await call("other", f"x{n}", "SELECT 1") for n in range(20)] == [None] * 20
        outcomes = await asyncio.gather(*slow)
        assert sum(error is None for error in outcomes) == of_agency(4)
        assert all(isinstance(error, NoConnection) for error in outcomes if error)
        assert sum(error is None for error in await asyncio.gather(*about_one)) == of_subject(4)
    finally:
        await pool.close()


@pytest.mark.parametrize("size", [1, 2, 4, 8, 16, 40])
def test_one_client_has_a_part_of_what_its_agency_has_and_an_agency_half_of_all(size: int) -> None:
    assert 1 <= of_client(size) <= of_agency(size) <= max(1, size // 2)
    assert of_client(size) < of_agency(size) or size < 8


async def test_a_statement_that_takes_too_long_is_ended_by_the_server_too(own: Service) -> None:
    pool = await open_pool(own.urls.api, 1, "tests", timedelta(milliseconds=100))
    try:
        with pytest.raises(asyncpg.QueryCanceledError) as ended:
            await pool.fetchval(SLOW)
        assert outage_of(ended.value) is Outage.AWAY
        assert await pool.fetchval("SELECT 1") == 1
    finally:
        await pool.close()


ERRORS = (
    (asyncpg.LockNotAvailableError(), Outage.HELD),
    (asyncpg.DeadlockDetectedError(), Outage.HELD),
    (asyncpg.SerializationError(), Outage.HELD),
    (asyncpg.ReadOnlySQLTransactionError(), Outage.AWAY),
    (asyncpg.AdminShutdownError(), Outage.AWAY),
    (asyncpg.CrashShutdownError(), Outage.AWAY),
    (asyncpg.CannotConnectNowError(), Outage.AWAY),
    (asyncpg.TooManyConnectionsError(), Outage.AWAY),
    (asyncpg.DiskFullError(), Outage.AWAY),
    (asyncpg.IdleInTransactionSessionTimeoutError(), Outage.AWAY),
    (asyncpg.TargetServerAttributeNotMatched(), Outage.AWAY),
    (ConnectionRefusedError(), Outage.AWAY),
    (OSError("Multiple exceptions: connection refused, connection refused"), Outage.AWAY),
    (NoConnection(), Outage.AWAY),
    (asyncpg.UniqueViolationError(), None),
    (asyncpg.UndefinedTableError(), None),
    (asyncpg.DataError(), None),
    (FileNotFoundError(2, "no such file"), None),
    (KeyError(), None),
)


@pytest.mark.parametrize(("error", "outage"), ERRORS, ids=lambda value: type(value).__name__)
def test_what_may_pass_when_it_is_tried_again_is_a_closed_list(
    error: Exception, outage: Outage | None
) -> None:
    assert outage_of(error) is outage


async def test_many_who_ask_for_readiness_cost_the_database_one_look(
    own: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "KEPT", 60.0)
    looks = []
    real = readiness.Readiness._look

    async def count_and_look(self: readiness.Readiness) -> list[str]:
        looks.append(1)
        return await real(self)

    monkeypatch.setattr(readiness.Readiness, "_look", count_and_look)
    client: AsyncClient
    async with own.client() as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1
