"""Tokens that end before they expire, over HTTP and in the memory of two processes."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters.access.clients import StoredClients
from app.adapters.access.stopped_tokens import MOST, StoppedTokens
from app.adapters.administration.by_owner import Administration
from app.auth.clients import ASSERTION_LIFE
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret, new_secret
from app.auth.tokens import SKEW
from app.domain.access.caller import Caller
from app.domain.access.clients import Revocation
from app.domain.administration.seats import Client, Seat
from app.domain.directory.agencies import Agency
from app.domain.errors import NotAuthenticated
from tests.api.access.test_oauth import (
    NOW,
    OwnClient,
    administration,
    ask,
    http,
    is_refusal,
    off,
    own_client,
)
from tests.support.service import Service, Speak

__all__ = ["administration", "http", "off", "own_client"]

HOUR = timedelta(hours=1)


async def token_of(http: AsyncClient, client: OwnClient) -> str:
    answer = await ask(http, client.basic)
    token: str = answer.json()["access_token"]
    return token


async def works(http: AsyncClient, token: str) -> bool:
    try:
        answer = await http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    except NotAuthenticated:
        return False
    return answer.status_code == 200


async def entries(owner: asyncpg.Pool, client: OwnClient) -> list[asyncpg.Record]:
    return await owner.fetch(
        "SELECT * FROM log_entry WHERE kind = 'revocation' AND agency_id = $1", client.agency
    )


async def test_a_client_ends_its_token_at_once_and_the_log_says_so(
    http: AsyncClient, own_client: OwnClient, owner: asyncpg.Pool
) -> None:
    token, other = await token_of(http, own_client), await token_of(http, own_client)
    form = {"token": token, "token_type_hint": "access_token"}
    assert await works(http, token)

    answer = await http.post("/oauth/revoke", data=form, auth=own_client.basic)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not await works(http, token)
    assert await works(http, other)
    again = await http.post("/oauth/revoke", data=form, auth=own_client.basic)
    assert (again.status_code, again.content) == (200, b"")
    (entry,) = await entries(owner, own_client)
    assert entry["agencies"] == [own_client.agency]
    assert str(UUID(json.loads(entry["detail"])["token"])) == json.loads(entry["detail"])["token"]
    assert token not in str(entry)


async def test_an_assertion_serves_to_end_a_token_as_well(
    http: AsyncClient, own_client: OwnClient
) -> None:
    token = await token_of(http, own_client)

    answer = await http.post("/oauth/revoke", data={"token": token, **own_client.assertion()})

    assert answer.status_code == 200
    assert not await works(http, token)


async def test_what_is_not_the_clients_own_is_left_alone_and_answered_alike(
    http: AsyncClient, own_client: OwnClient, administration: Administration, owner: asyncpg.Pool
) -> None:
    token, secret = await token_of(http, own_client), new_secret()
    stranger = Client(
        id=f"{own_client.agency}.other",
        agency_id=own_client.agency,
        name="試験用",
        seats=(f"{own_client.agency}.viewer",),
        secret_hash=hash_secret(secret),
    )
    await administration.add_client(stranger, NOW)

    for foreign in (token, "nonsense", f"{token[:-4]}AAAA", "x" * 9_000):
        answer = await http.post(
            "/oauth/revoke", data={"token": foreign}, auth=(stranger.id, secret)
        )
        assert (answer.status_code, answer.content) == (200, b"")

    assert await works(http, token)
    assert await entries(owner, own_client) == []


async def test_who_does_not_prove_itself_ends_nothing(
    http: AsyncClient, own_client: OwnClient
) -> None:
    token = await token_of(http, own_client)

    wrong = await http.post("/oauth/revoke", data={"token": token}, auth=(own_client.id, "wrong"))
    nobody = await http.post("/oauth/revoke", data={"token": token})
    nothing = await http.post("/oauth/revoke", data={}, auth=own_client.basic)

    assert is_refusal(wrong, 401, "invalid_client")
    assert is_refusal(nobody, 401, "invalid_client")
    assert is_refusal(nothing, 400, "invalid_request")
    assert await works(http, token)


async def change_role(administration: Administration, client: OwnClient) -> None:
    await administration.change_seat(
        f"{client.agency}.viewer", None, "case_worker", CLASSES["case_worker"]
    )


async def change_classes(administration: Administration, client: OwnClient) -> None:
    await administration.change_seat(f"{client.agency}.viewer", None, None, frozenset({"C0"}))


async def unlink(administration: Administration, client: OwnClient) -> None:
    await administration.link(client.id, [f"{client.agency}.decider"])


async def new_key(administration: Administration, client: OwnClient) -> None:
    await administration.change_client(client.id, secret_hash=hash_secret(client.secret))


async def revoke_all(administration: Administration, client: OwnClient) -> None:
    await administration.stop_tokens(Client, client.id, NOW)


async def revoke_seat(administration: Administration, client: OwnClient) -> None:
    await administration.stop_tokens(Seat, f"{client.agency}.viewer", NOW)


async def revoke_agency(administration: Administration, client: OwnClient) -> None:
    await administration.stop_tokens(Agency, client.agency, NOW)


@pytest.mark.parametrize(
    "change",
    [change_role, change_classes, unlink, new_key, revoke_all, revoke_seat, revoke_agency],
    ids=lambda change: change.__name__,
)
async def test_a_change_of_rights_ends_the_tokens_from_before_it_and_none_from_after(
    http: AsyncClient,
    own_client: OwnClient,
    administration: Administration,
    off: StoppedTokens,
    change: Callable[[Administration, OwnClient], Awaitable[None]],
) -> None:
    before = await token_of(http, own_client)
    assert await works(http, before)

    await change(administration, own_client)
    # Issued in the same second as the change, which the clock of these tests never leaves.
    after = await token_of(http, own_client)
    await off.refresh()

    assert not await works(http, before)
    assert await works(http, after)


async def test_what_leaves_a_clients_rights_alone_leaves_its_tokens_alone(
    http: AsyncClient, own_client: OwnClient, administration: Administration, off: StoppedTokens
) -> None:
    token = await token_of(http, own_client)
    agency = own_client.agency

    await administration.change_client(own_client.id, name="別の名")
    await administration.change_seat(f"{agency}.viewer", "別の名", None, None)
    await administration.link(own_client.id, [f"{agency}.decider", f"{agency}.viewer"])
    await administration.disable(Client, own_client.id, None)
    await off.refresh()

    assert await works(http, token)


async def test_a_token_made_of_rights_that_were_read_before_the_change_is_dead(
    api: asyncpg.Pool,
    own_client: OwnClient,
    administration: Administration,
    off: StoppedTokens,
) -> None:
    read = await StoredClients(api).client(own_client.id)
    assert read is not None
    await change_role(administration, own_client)
    await off.refresh()
    again = await StoredClients(api).client(own_client.id)
    assert again is not None

    def good(stops: int) -> bool:
        caller = _caller(own_client)
        return off.is_active(caller, str(uuid4()), stops)

    assert not good(read.stops_at(f"{own_client.agency}.viewer"))
    assert good(again.stops_at(f"{own_client.agency}.viewer"))


async def test_a_token_tells_nothing_of_what_became_of_the_tokens_of_others(
    http: AsyncClient, own_client: OwnClient, administration: Administration
) -> None:
    def stops_of(token: str) -> object:
        return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["stops"]

    before = stops_of(await token_of(http, own_client))
    other = f"agency-{uuid4().hex[:12]}"
    agency = Agency(id=other, kind="settlement_center", name="試験用", prefecture="13")
    await administration.add_agency(agency)
    await administration.stop_tokens(Agency, other, NOW)

    assert stops_of(await token_of(http, own_client)) == before


THREE = (Client, Seat, Agency)


@given(
    events=st.lists(st.sampled_from(["token", "look", *THREE]), max_size=12),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_happens_in_whatever_order_a_token_lives_until_its_own_rights_change(
    events: list[Any],
    api: asyncpg.Pool,
    own_client: OwnClient,
    administration: Administration,
) -> None:
    process, clients = StoppedTokens(api, lambda: NOW), StoredClients(api)
    seat = f"{own_client.agency}.viewer"
    ids = {Client: own_client.id, Seat: seat, Agency: own_client.agency}
    tokens: dict[int, bool] = {}
    for event in events:
        if event == "token":
            read = await clients.client(own_client.id)
            assert read is not None
            tokens[read.stops_at(seat)] = True
        elif event != "look":
            await administration.stop_tokens(event, ids[event], NOW)
            tokens = dict.fromkeys(tokens, False)
        else:
            await process.refresh()
    await process.refresh()
    caller = _caller(own_client)
    assert {n: process.is_active(caller, str(uuid4()), n) for n in tokens} == tokens


async def test_revocations_at_once_are_all_seen_by_a_process_that_looks_meanwhile(
    api: asyncpg.Pool, own_client: OwnClient
) -> None:
    """A number that is taken before another one, and committed after it, must not be missed."""
    here, there = StoppedTokens(api, lambda: NOW), StoppedTokens(api, lambda: NOW)
    await there.refresh()
    tokens = [str(uuid4()) for _ in range(40)]
    finished = asyncio.Event()

    async def look() -> None:
        while not finished.is_set():
            await there.refresh()

    looking = asyncio.create_task(look())
    await asyncio.gather(*(here.revoke(_revocation(own_client, jti)) for jti in tokens))
    finished.set()
    await looking
    await there.refresh()

    assert not any(there.is_active(_caller(own_client), jti, 10**9) for jti in tokens)


class Faltering:
    """A database that fails in ways that nobody thought of, before it answers."""

    def __init__(self, pool: asyncpg.Pool, *errors: Exception) -> None:
        self._pool = pool
        self._errors = list(errors)

    async def fetchval(self, query: str, *values: object) -> object:
        if self._errors:
            raise self._errors.pop()
        return await self._pool.fetchval(query, *values)


async def test_whatever_goes_wrong_a_process_goes_on_looking(
    api: asyncpg.Pool, own_client: OwnClient
) -> None:
    faltering: Any = Faltering(api, OSError(), RuntimeError(), asyncpg.InternalClientError())
    there = StoppedTokens(faltering, lambda: NOW, timedelta(milliseconds=1))
    jti = str(uuid4())
    await StoppedTokens(api, lambda: NOW).revoke(_revocation(own_client, jti))
    watching = asyncio.create_task(there.watch())
    try:
        async with asyncio.timeout(5):
            while there.is_active(_caller(own_client), jti, 10**9):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.001)
    finally:
        watching.cancel()


async def test_a_revoked_token_is_forgotten_only_when_no_clock_of_ours_believes_it(
    api: asyncpg.Pool, owner: asyncpg.Pool, own_client: OwnClient
) -> None:
    now = NOW
    stops = StoppedTokens(api, lambda: now)
    jti, count = str(uuid4()), "SELECT count(*) FROM revoked_token WHERE jti = $1"
    await stops.revoke(_revocation(own_client, jti))

    for late, expected in ((SKEW, 1), (timedelta(minutes=1), 1), (timedelta(seconds=61), 0)):
        now = NOW + HOUR + late
        await stops.revoke(_revocation(own_client, str(uuid4()), at=now))
        assert await owner.fetchval(count, jti) == expected
        assert stops.is_active(_caller(own_client), jti, 10**9) is not bool(expected)


async def test_a_client_that_returns_very_many_tokens_loses_all_and_fills_no_memory(
    api: asyncpg.Pool, owner: asyncpg.Pool, own_client: OwnClient
) -> None:
    stops = StoppedTokens(api, lambda: NOW)
    await owner.execute(
        "INSERT INTO revoked_token SELECT gen_random_uuid(), $1, -n - 1000000000, $3"
        " FROM generate_series(1, $2) AS n",
        own_client.id,
        MOST,
        NOW + HOUR,
    )
    before = await StoredClients(api).client(own_client.id)
    assert before is not None

    await stops.revoke(_revocation(own_client, str(uuid4())))

    left = "SELECT count(*) FROM revoked_token WHERE client_id = $1"
    assert await owner.fetchval(left, own_client.id) == 0
    assert not stops.is_active(_caller(own_client), str(uuid4()), before.stops)
    after = await StoredClients(api).client(own_client.id)
    assert after is not None
    assert stops.is_active(_caller(own_client), str(uuid4()), after.stops)


async def test_an_assertion_is_remembered_while_any_clock_of_ours_takes_it(
    api: asyncpg.Pool, own_client: OwnClient
) -> None:
    """One process's clock may be `SKEW` ahead of another's: the first purges, the second asks."""
    ledger, expires = StoredClients(api), NOW + ASSERTION_LIFE
    assert await ledger.first_use(own_client.id, "a", expires + SKEW, NOW)
    last = expires - timedelta(milliseconds=1)  # the last moment at which a clock takes it
    ahead = last + SKEW

    assert await ledger.first_use(own_client.id, "purges", ahead + SKEW, ahead)
    assert not await ledger.first_use(own_client.id, "a", expires + SKEW, last)
    over = ahead + timedelta(milliseconds=2)
    assert await ledger.first_use(own_client.id, "purges too", over + SKEW, over)
    assert await ledger.first_use(own_client.id, "a", expires + SKEW, over)


async def test_a_long_poll_whose_token_is_revoked_is_told_nothing_of_what_comes(
    service: Service,
    speak: Speak,
    until_waits: Callable[..., Awaitable[None]],
    opening: Callable[..., dict[str, Any]],
) -> None:
    waiting, prison = await speak("probation-13", "viewer"), await speak("prison-fuchu")
    token = waiting.headers["Authorization"].partition(" ")[2]
    after = (await waiting.get("/v1/inbox/status")).json()["head"]
    poll = asyncio.create_task(waiting.get("/v1/inbox", params={"after": after, "wait": 20}))
    await until_waits(service.app, "probation-13", True)

    client_id = "probation-13.viewer-system"
    async with service.client() as client:
        revocation = await client.post(
            "/oauth/revoke", data={"token": token}, auth=(client_id, service.secrets[client_id])
        )
    acceptance = await prison.post("/v1/referrals", json=opening())

    assert (revocation.status_code, acceptance.status_code) == (200, 201)
    assert (await poll).status_code == 401


def _caller(client: OwnClient) -> Caller:
    seat = f"{client.agency}.viewer"
    none: frozenset[str] = frozenset()
    return Caller(client.id, client.agency, seat, "viewer", none, none, decides=False)


def _revocation(client: OwnClient, jti: str, at: datetime = NOW) -> Revocation:
    return Revocation(jti, client.id, client.agency, f"{client.agency}.viewer", NOW + HOUR, at)
