"""Webhooks over HTTP: registered, changed, tried, replayed; each agency its own and no other's."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.api.wire.paging import cursor_of
from tests.support.service import Service, Speak

URL = "https://93.184.215.14/tsunagu"


@pytest.fixture(autouse=True)
async def _none_left(tables: asyncpg.Pool) -> AsyncIterator[None]:
    yield
    await tables.execute("DELETE FROM attempt; DELETE FROM notice; DELETE FROM webhook")


async def test_a_secret_is_told_once_and_stored_sealed(speak: Speak, tables: asyncpg.Pool) -> None:
    center = await speak("center-13")
    answer = await center.post("/v1/webhooks", json={"url": URL})
    assert answer.status_code == 201
    added = answer.json()
    secret = added.pop("secret")
    assert secret.startswith("whsec_")
    assert answer.headers["location"] == f"/v1/webhooks/{added['id']}"
    assert (await center.get(answer.headers["location"])).json() == added
    assert (await center.get("/v1/webhooks")).json() == {"items": [added], "next": None}
    assert added["state"] == "active"
    assert added["flows"] is added["urgencies"] is None
    row = await tables.fetchval("SELECT w::text FROM webhook w")
    assert secret.removeprefix("whsec_") not in row


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://receiver.example.com/", "url_scheme"),
        ("http://127.0.0.1/", "url_scheme"),
        ("ftp://receiver.example.com/", "url_scheme"),
        ("https://user:word@receiver.example.com/", "url_credentials"),
        ("https://receiver.example.com/#part", "url_fragment"),
        ("https://receiver.example.com:22/", "url_port"),
        ("https://localhost/", "url_host"),
        ("https://printer.local/", "url_host"),
        ("https://10.1.2.3/", "url_address"),
        ("https://[::ffff:10.0.0.1]/", "url_address"),
        ("https://receiver.invalid/", "url_host_unknown"),
        ("https://receiver.example.com\\@127.0.0.1/", "url"),
        ("not a url", "url"),
    ],
)
async def test_an_endpoint_that_could_do_harm_is_refused(
    speak: Speak, url: str, reason: str
) -> None:
    answer = await (await speak("center-13")).post("/v1/webhooks", json={"url": url})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/url", "reason": reason}]
    assert url not in answer.text


async def test_a_change_keeps_what_it_does_not_name(speak: Speak) -> None:
    center = await speak("center-13")
    body = {"url": URL, "flows": ["special_adjustment"], "urgencies": ["urgent"]}
    added = (await center.post("/v1/webhooks", json=body)).json()
    place = f"/v1/webhooks/{added['id']}"
    paused = (await center.patch(place, json={"state": "paused"})).json()
    assert (paused["state"], paused["reason"]) == ("paused", "asked")
    assert (paused["url"], paused["flows"]) == (URL, ["special_adjustment"])
    opened = (await center.patch(place, json={"flows": None, "state": "active"})).json()
    assert (opened["state"], opened["reason"], opened["flows"]) == ("active", None, None)
    assert opened["urgencies"] == ["urgent"]
    moved = await center.patch(place, json={"url": "https://10.0.0.1/"})
    assert moved.status_code == 422
    assert (await center.delete(place)).status_code == 204
    assert (await center.get(place)).status_code == 404
    assert (await center.get("/v1/webhooks")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": URL, "more": 1},
        {"url": URL, "flows": []},
        {"url": URL, "flows": ["nothing"]},
        {"url": URL, "urgencies": ["soon"]},
        {"url": 1},
    ],
)
async def test_a_wrong_shape_is_refused(speak: Speak, body: dict[str, Any]) -> None:
    answer = await (await speak("center-13")).post("/v1/webhooks", json=body)
    assert answer.status_code == 422


async def test_another_agency_reaches_and_replays_nothing(
    speak: Speak, tables: asyncpg.Pool, opening: Callable[..., dict[str, Any]]
) -> None:
    office, other = await speak("probation-13"), await speak("probation-27")
    added = (await office.post("/v1/webhooks", json={"url": URL})).json()
    place = f"/v1/webhooks/{added['id']}"
    await (await speak("prison-fuchu")).post("/v1/referrals", json=opening())
    await tables.execute("UPDATE notice SET state = 'delivered', settled_at = now()")
    notice = await tables.fetchval("SELECT id::text FROM notice")
    theirs = (await other.post("/v1/webhooks", json={"url": URL})).json()
    long_ago = {"since": "2020-01-01T00:00:00+09:00"}
    calls = [
        await other.get(place),
        await other.get(f"{place}/attempts"),
        await other.patch(place, json={"state": "paused"}),
        await other.delete(place),
        await other.post(f"{place}/test"),
        await other.post(f"{place}/secret"),
        await other.post(f"{place}/replay", json=long_ago),
        await other.post(f"{place}/replay", json={"notice_id": notice}),
        await other.post(f"/v1/webhooks/{theirs['id']}/replay", json={"notice_id": notice}),
        await other.get(f"/v1/webhooks/{uuid4()}"),
        await other.get("/v1/webhooks/nothing"),
    ]
    assert {answer.status_code for answer in calls} == {404}
    again = await other.post(f"/v1/webhooks/{theirs['id']}/replay", json=long_ago)
    assert again.json() == {"queued": 0}
    assert await tables.fetchval("SELECT state FROM notice") == "delivered"
    own = await office.post(f"{place}/replay", json={"notice_id": notice})
    assert (own.status_code, own.json()) == (202, {"queued": 1})
    assert await tables.fetchval("SELECT state FROM notice") == "pending"


async def test_a_replay_names_one_notice_or_one_moment(speak: Speak) -> None:
    center = await speak("center-13")
    added = (await center.post("/v1/webhooks", json={"url": URL})).json()
    place = f"/v1/webhooks/{added['id']}/replay"
    for body in (
        {},
        {"notice_id": str(uuid4()), "since": "2026-01-01T00:00:00Z"},
        {"since": "2026-01-01T00:00:00"},
        {"notice_id": "x"},
    ):
        assert (await center.post(place, json=body)).status_code == 422
    unknown = await center.post(place, json={"notice_id": str(uuid4())})
    assert unknown.status_code == 404


async def test_only_those_who_manage_webhooks_may(speak: Speak) -> None:
    for role in ("case_worker", "viewer"):
        client = await speak("center-13", role)
        answer = await client.post("/v1/webhooks", json={"url": URL})
        assert answer.status_code == 403
        assert answer.json()["scope"] == "webhook:manage"
    officer = await speak("center-13", "records_officer")
    assert (await officer.get("/v1/webhooks")).status_code == 200


async def test_there_are_at_most_twenty(speak: Speak) -> None:
    center = await speak("center-27")
    for _ in range(20):
        assert (await center.post("/v1/webhooks", json={"url": URL})).status_code == 201
    answer = await center.post("/v1/webhooks", json={"url": URL})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/too_many_webhooks"


async def test_attempts_come_newest_first_in_pages(speak: Speak, tables: asyncpg.Pool) -> None:
    center = await speak("center-13")
    added = (await center.post("/v1/webhooks", json={"url": URL})).json()
    place = f"/v1/webhooks/{added['id']}"
    tested = await center.post(f"{place}/test")
    assert tested.status_code == 202
    notice = tested.json()["notice_id"]
    await tables.execute(
        "INSERT INTO attempt SELECT $1, n, $2, 'center-13', now() + n * interval '1 s', 'refused',"
        r" 503, n, '\x6e6fff' FROM generate_series(1, 5) AS n",
        notice,
        added["id"],
    )
    seen: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = (await center.get(f"{place}/attempts", params={"limit": 2, **cursor})).json()
        seen += [item["number"] for item in page["items"]]
        cursor = {"cursor": page["next"]}
    assert seen == [5, 4, 3, 2, 1]
    assert page["next"] is None
    item = page["items"][0]
    assert (item["status"], item["took_ms"], item["answer"]) == (503, 1, "no\ufffd")
    assert (item["notice_state"], item["position"]) == ("pending", None)
    only = await center.get(f"{place}/attempts", params={"notice_id": str(uuid4())})
    assert only.json()["items"] == []
    ancient = cursor_of("0001-01-01T00:00:00+09:00", uuid4(), 1)
    for wrong in ("x", ancient):
        bad = await center.get(f"{place}/attempts", params={"cursor": wrong})
        assert bad.status_code == 422


async def test_every_change_is_on_the_record(speak: Speak, tables: asyncpg.Pool) -> None:
    center = await speak("center-14")
    added = (await center.post("/v1/webhooks", json={"url": URL})).json()
    place = f"/v1/webhooks/{added['id']}"
    await center.patch(place, json={"state": "paused"})
    rotated = await center.post(f"{place}/secret")
    assert rotated.json()["secret"] != added["secret"]
    assert rotated.json()["old_secret_until"] > added["created_at"]
    await center.post(f"{place}/test")
    await center.post(f"{place}/replay", json={"since": added["created_at"]})
    await center.delete(place)
    rows = await tables.fetch(
        "SELECT kind, seat_id FROM log_entry WHERE detail ->> 'webhook_id' = $1 ORDER BY at, id",
        added["id"],
    )
    verbs = ("added", "changed", "secret_rotated", "tested", "replayed", "removed")
    assert [tuple(row) for row in rows] == [(f"webhook.{v}", "center-14.decider") for v in verbs]


async def test_without_a_token_there_is_nothing_to_see(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/v1/webhooks")).status_code == 401
