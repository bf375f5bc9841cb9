"""Who guesses at secrets is locked out, where they are, and learns nothing; the agency is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from httpx import ASGITransport, AsyncClient, Response

from app.adapters.access.lockouts import Lockouts, LockoutTerms, SecretFailures
from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.auth.clients import ASSERTION_TYPE
from app.auth.jwt import SigningKey, signing_key
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret, new_secret
from app.domain.administration.seats import Client, Seat
from app.main import create_app
from tests.support.service import Service

FAILURES = 3
WINDOW = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
AGENCY = "center-27"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.1"
FORM = {"grant_type": "client_credentials"}
From = Callable[[str], AsyncClient]


class TargetClient:
    """A client that has both a secret and a key."""

    def __init__(self, name: str) -> None:
        self.id, self.secret = name, new_secret()
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key: SigningKey = signing_key(pem)

    def assertion(self, now: datetime) -> dict[str, str]:
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": "https://tsunagu.test",
            "exp": int((now + MINUTE).timestamp()),
            "jti": str(uuid4()),
        }
        signed = self.key.sign(json.dumps(claims).encode(), "JWT")
        return {**FORM, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


@pytest.fixture(autouse=True)
async def _nothing_before(tables: asyncpg.Pool) -> None:
    """What other tests left, some of them days ahead, is gone."""
    await tables.execute(
        "DELETE FROM lockout; DELETE FROM secret_failure; DELETE FROM secret_success"
    )


@pytest.fixture
async def target(service: Service) -> TargetClient:
    target = TargetClient(f"{AGENCY}.{uuid4().hex[:8]}")
    seat = Seat(target.id, AGENCY, "席", "viewer", CLASSES["viewer"])
    jwk, secret_hash = target.key.verifying.jwk(), hash_secret(target.secret)
    async with connect(service.urls.owner) as connection:
        administration = Administration(connection)
        await administration.add_seat(seat, service.clock())
        client = Client(target.id, AGENCY, "試験", (seat.id,), secret_hash, jwk)
        await administration.add_client(client, service.clock())
    return target


@pytest.fixture
async def at(service: Service) -> AsyncIterator[From]:
    """`at(address)`: a caller from there, of a process that locks."""
    update = {"lockout_failures": FAILURES}
    app = create_app(service.settings.model_copy(update=update), service.clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))

        def caller(address: str) -> AsyncClient:
            transport = ASGITransport(app, client=(address, 4711))
            return AsyncClient(transport=transport, base_url="https://tsunagu.test")

        yield caller


@pytest.fixture
async def worker_pool(service: Service) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(service.urls.worker, min_size=0, max_size=4) as pool:
        yield pool


async def guess(
    client: AsyncClient, name: str, times: int = 1, secret: str | None = None
) -> Response:
    for _ in range(times):
        answer = await client.post("/oauth/token", data=FORM, auth=(name, secret or "wrong"))
    return answer


async def alerts(tables: asyncpg.Pool, target: TargetClient) -> tuple[int, list[int]]:
    """Inbox items of the agency, and the counts in the log's entries about this client."""
    items = await tables.fetchval(
        "SELECT count(*) FROM inbox_item WHERE agency_id = $1 AND kind = 'security.lockout'", AGENCY
    )
    rows = await tables.fetch(
        "SELECT detail, agencies, agency_id FROM log_entry WHERE kind = 'lockout'"
        " AND client_id = $1 ORDER BY at",
        target.id,
    )
    assert all(row["agencies"] == [row["agency_id"]] == [AGENCY] for row in rows)
    return items, [json.loads(row["detail"])["lockouts"] for row in rows]


async def test_after_wrong_secrets_even_the_right_one_has_to_wait_there_and_nowhere_else(
    at: From, target: TargetClient, service: Service
) -> None:
    home = at(HOME)
    assert (await guess(home, target.id, FAILURES)).status_code == 401

    locked = await guess(home, target.id, secret=target.secret)

    assert (locked.status_code, locked.json()["error"]) == (429, "temporarily_unavailable")
    assert 58 <= int(locked.headers["Retry-After"]) <= 60
    ending = {"token": "x.y.z"}
    revoking = await home.post("/oauth/revoke", data=ending, auth=(target.id, target.secret))
    assert revoking.status_code == 429
    assert (await guess(at(ELSEWHERE), target.id, secret=target.secret)).status_code == 200
    signed = await home.post("/oauth/token", data=target.assertion(service.clock()))
    assert signed.status_code == 200


async def test_fewer_wrong_secrets_in_the_window_lock_nobody(
    at: From, target: TargetClient, service: Service
) -> None:
    home = at(HOME)
    try:
        for _ in range(3):
            await guess(home, target.id, FAILURES - 1)
            assert (await guess(home, target.id, secret=target.secret)).status_code == 200
            service.clock.ahead += WINDOW + timedelta(seconds=1)
    finally:
        service.clock.ahead = timedelta()


async def test_locks_grow_to_their_longest_and_are_forgotten_after_a_quiet_day(
    at: From, target: TargetClient, service: Service
) -> None:
    home, minutes = at(HOME), []
    try:
        for _ in range(6):
            await guess(home, target.id, FAILURES)
            locked = await guess(home, target.id)
            seconds = int(locked.headers["Retry-After"])
            minutes.append(-(-seconds // 60))
            service.clock.ahead += timedelta(seconds=seconds + 1)
            assert (await guess(home, target.id, secret=target.secret)).status_code == 200
        service.clock.ahead += timedelta(days=1)
        await guess(home, target.id, FAILURES)
        last = await guess(home, target.id)
    finally:
        service.clock.ahead = timedelta()
    assert minutes == [1, 2, 4, 8, 15, 15]
    assert int(last.headers["Retry-After"]) <= 60


async def test_an_id_that_no_client_has_is_answered_in_just_the_same_way(
    at: From, target: TargetClient, tables: asyncpg.Pool
) -> None:
    home, typed = at(HOME), "yamada.taro"

    async def answers(name: str) -> list[tuple[int, str, dict[str, str]]]:
        responses = [await guess(home, name) for _ in range(FAILURES + 3)]
        responses.append(await guess(at(ELSEWHERE), name))
        headers = [{k: v for k, v in a.headers.items() if k != "x-request-id"} for a in responses]
        # The first second of a minute may have passed in one of the two.
        headers = [{k: v for k, v in k_.items() if k != "retry-after"} for k_ in headers]
        return [(a.status_code, a.text, k) for a, k in zip(responses, headers, strict=True)]

    of_a_client, of_nobody = await answers(target.id), await answers(typed)

    assert of_a_client == of_nobody
    assert [status for status, *_ in of_nobody] == [401] * FAILURES + [429] * 3 + [401]
    rows = await tables.fetch("SELECT f::text AS row FROM secret_failure f")
    assert rows
    assert not [row for row in rows if typed in row["row"] or HOME in row["row"]]
    assert await tables.fetchval("SELECT count(*) FROM lockout WHERE client_id = $1", typed) == 0


async def test_of_fifty_wrong_secrets_at_once_comes_one_lock_and_one_alert(
    at: From,
    target: TargetClient,
    service: Service,
    tables: asyncpg.Pool,
    worker_pool: asyncpg.Pool,
) -> None:
    home = at(HOME)
    before, _ = await alerts(tables, target)

    answers = await asyncio.gather(*(guess(home, target.id) for _ in range(50)))
    workers = [Lockouts(worker_pool, service.clock) for _ in range(4)]
    alerted = await asyncio.gather(*(worker.notify_agencies() for worker in workers))

    assert {answer.status_code for answer in answers} <= {401, 429}
    assert sorted(alerted) == [0, 0, 0, 1]
    assert await alerts(tables, target) == (before + 1, [1])
    assert await Lockouts(worker_pool, service.clock).notify_agencies() == 0


async def test_an_agency_is_told_once_in_a_while_however_many_places_guess(
    at: From,
    target: TargetClient,
    service: Service,
    tables: asyncpg.Pool,
    worker_pool: asyncpg.Pool,
) -> None:
    lockouts = Lockouts(worker_pool, service.clock)
    before, _ = await alerts(tables, target)
    try:
        await guess(at(HOME), target.id, FAILURES)
        await lockouts.notify_agencies()
        for n in range(5):
            await guess(at(f"198.51.100.{n}"), target.id, FAILURES)
            assert await lockouts.notify_agencies() == 0
        assert await alerts(tables, target) == (before + 1, [1])
        service.clock.ahead += WINDOW
        assert await lockouts.notify_agencies() == 1
        assert await alerts(tables, target) == (before + 2, [1, 5])
        assert await lockouts.notify_agencies() == 0
    finally:
        service.clock.ahead = timedelta()


async def test_the_alert_lies_in_the_inbox_as_something_urgent(
    at: From, target: TargetClient, service: Service, worker_pool: asyncpg.Pool
) -> None:
    await guess(at(HOME), target.id, FAILURES)
    await Lockouts(worker_pool, service.clock).notify_agencies()
    token = await service.token(AGENCY, "viewer")
    async with service.client(token) as client:
        head = (await client.get("/v1/inbox/status")).json()["head"]
        (item,) = (await client.get("/v1/inbox", params={"after": head - 1})).json()["items"]
    assert (item["kind"], item["type"], item["urgency"]) == (
        "security.lockout",
        "security.lockout",
        "urgent",
    )
    assert (item["referral_id"], item["from"]) == (None, None)


async def test_a_lock_writes_nothing_more_and_what_is_over_is_swept(
    at: From, target: TargetClient, service: Service, tables: asyncpg.Pool
) -> None:
    home, rows = at(HOME), "SELECT f::text || xmin::text AS row FROM secret_failure f ORDER BY key"
    await guess(home, target.id, FAILURES)
    before = await tables.fetch(rows)
    await guess(home, target.id, 5)
    assert await tables.fetch(rows) == before
    try:
        service.clock.ahead += timedelta(days=2)
        await guess(home, target.id)
        assert await tables.fetchval("SELECT count(*) FROM secret_failure") == 1
    finally:
        service.clock.ahead = timedelta()


async def test_failures_of_many_names_at_once_never_wait_for_each_other_in_a_circle(
    service: Service,
) -> None:
    """Each sweeps what is over, and comes upon rows that the others are just counting in."""
    async with asyncpg.create_pool(service.urls.api, min_size=0, max_size=16) as pool:
        guesses = SecretFailures(pool, LockoutTerms(FAILURES, WINDOW, timedelta(minutes=15)))
        now = service.clock()
        names = [f"nobody.{n}" for n in range(12)]
        for day in range(4):
            later = now + timedelta(days=2 * day)
            failing = (guesses.note_failure(n, HOME, later) for n in [*names, *reversed(names)] * 3)
            await asyncio.gather(*failing)


async def test_where_a_secret_was_right_lately_no_stranger_locks_its_client_out(
    at: From, target: TargetClient
) -> None:
    """Behind one proxy, all callers have one address."""
    async with at(HOME) as client:
        assert (await guess(client, target.id, secret=target.secret)).status_code == 200
        assert (await guess(client, target.id, FAILURES)).status_code == 401
        for _ in range(2 * FAILURES):
            locked = await guess(client, target.id)
            assert (locked.status_code, int(locked.headers["Retry-After"]) > 0) == (429, True)
            right = await guess(client, target.id, secret=target.secret)
            assert right.status_code == 200
    async with at(ELSEWHERE) as client:
        assert (await guess(client, target.id, FAILURES)).status_code == 401
        assert (await guess(client, target.id, secret=target.secret)).status_code == 429


async def test_a_week_later_a_secret_has_to_be_proven_again(
    at: From, target: TargetClient, tables: asyncpg.Pool
) -> None:
    async with at(HOME) as client:
        await guess(client, target.id, secret=target.secret)
        await tables.execute("UPDATE secret_success SET at = at - interval '8 days'")
        await guess(client, target.id, FAILURES)
        assert (await guess(client, target.id, secret=target.secret)).status_code == 429


async def test_guesses_use_up_nothing_that_the_client_may_call(
    service: Service, target: TargetClient
) -> None:
    most = 5
    settings = service.settings.model_copy(
        update={"lockout_failures": FAILURES, "token_rate_limit": most}
    )
    app = create_app(settings, service.clock)
    transport = ASGITransport(app, client=(HOME, 4711))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="https://tsunagu.test") as client,
    ):
        assert (await guess(client, target.id, secret=target.secret)).status_code == 200
        assert (await guess(client, target.id, 4 * most)).status_code == 429
        rights = [
            (await guess(client, target.id, secret=target.secret)).status_code for _ in range(most)
        ]
        assert rights == [200] * (most - 1) + [429]
