"""Refused calls leave a mark in the log, and cannot fill it."""

import asyncpg
from httpx import AsyncClient

from app.adapters.access.refused_calls import RefusedCalls
from tests.support.service import Service, Speak


async def entries_of(tables: asyncpg.Pool, client: str | None) -> list[asyncpg.Record]:
    """The entries that count a client's refused calls."""
    return await tables.fetch(
        "SELECT * FROM log_entry"
        " WHERE kind = 'refused_calls' AND client_id IS NOT DISTINCT FROM $1",
        client,
    )


async def test_many_refused_calls_of_one_client_are_one_entry_that_its_agency_may_read(
    service: Service, speak: Speak, tables: asyncpg.Pool
) -> None:
    await service.dependency(RefusedCalls).flush()
    viewer = await speak("center-13", "viewer")
    for _ in range(5):
        assert (await viewer.post("/v1/referrals", json={})).status_code == 403
    assert (await viewer.get("/v1/referrals/nothing")).status_code == 404
    me = (await viewer.get("/v1/me")).json()
    before = await entries_of(tables, me["client_id"])
    await service.dependency(RefusedCalls).flush()
    (entry,) = [e for e in await entries_of(tables, me["client_id"]) if e not in before]
    assert entry["agencies"] == ["center-13"]
    assert entry["detail"] == '{"not_found": 1, "scope_missing": 5}'


async def test_calls_without_a_caller_are_counted_without_a_name(
    service: Service, stranger: AsyncClient, tables: asyncpg.Pool
) -> None:
    await service.dependency(RefusedCalls).flush()
    before = await entries_of(tables, None)
    for path in ("/v1/inbox", "/v1/me"):
        assert (await stranger.get(path)).status_code == 401
    assert (await stranger.post("/oauth/token", data={"grant_type": "x"})).status_code == 400
    await service.dependency(RefusedCalls).flush()
    # An entry of calls that were refused before may have the same time.
    (entry,) = [e for e in await entries_of(tables, None) if e not in before]
    assert entry["agencies"] == []
    assert entry["detail"] == '{"not_authenticated": 3}'


async def test_a_quiet_minute_writes_nothing(service: Service, tables: asyncpg.Pool) -> None:
    await service.dependency(RefusedCalls).flush()
    count = "SELECT count(*) FROM log_entry"
    before = await tables.fetchval(count)
    await service.dependency(RefusedCalls).flush()
    assert await tables.fetchval(count) == before
