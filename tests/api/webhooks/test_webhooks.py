"""Webhooks over HTTP: registered, changed, tried, replayed; each agency its own and no other's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from app.api.wire.paging import cursor_of
from tests.support.service import Service, Speak

URL = "https://93.184.215.14/tsunagu"


@pytest.fixture(autouse=True)
async def _none_left(tables: asyncpg.Pool) -> AsyncIterator[None]:
    yield
    await tables.execute(
        "DELETE FROM attempt; DELETE FROM notice; DELETE FROM webhook; DELETE FROM webhook_call"
    )


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
    assert added["state"] == "unconfirmed"
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


async def test_a_change_keeps_what_it_does_not_name(speak: Speak, tables: asyncpg.Pool) -> None:
    center = await speak("center-13")
    body = {"url": URL, "flows": ["special_adjustment"], "urgencies": ["urgent"]}
    added = (await center.post("/v1/webhooks", json=body)).json()
    place = f"/v1/webhooks/{added['id']}"
    await tables.execute("UPDATE webhook SET challenge = NULL")
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
    await tables.execute("DELETE FROM notice WHERE position < 0")
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
    assert await tables.fetchval("SELECT state FROM notice WHERE position > 0") == "delivered"
    own = await office.post(f"{place}/replay", json={"notice_id": notice})
    assert (own.status_code, own.json()) == (202, {"queued": 1})
    assert await tables.fetchval("SELECT state FROM notice WHERE position > 0") == "pending"


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


async def test_there_are_at_most_twenty(speak: Speak, tables: asyncpg.Pool) -> None:
    center = await speak("center-27")
    for _ in range(20):
        assert (await center.post("/v1/webhooks", json={"url": URL})).status_code == 201
        await tables.execute("DELETE FROM webhook_call")  # as if minutes went by
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


async def add_proven(client: AsyncClient, tables: asyncpg.Pool, url: str = URL) -> str:
    """The place of a webhook whose receiver has answered its challenge."""
    added = (await client.post("/v1/webhooks", json={"url": url})).json()
    await tables.execute("UPDATE webhook SET challenge = NULL; DELETE FROM webhook_call")
    return f"/v1/webhooks/{added['id']}"


async def test_tests_are_a_handful_a_minute_for_a_webhook_and_for_an_agency(
    speak: Speak, tables: asyncpg.Pool
) -> None:
    center, other = await speak("center-13"), await speak("center-14")
    places = [await add_proven(center, tables) for _ in range(3)]
    theirs = await add_proven(other, tables)
    answers = [await center.post(f"{places[0]}/test") for _ in range(300)]
    assert [a.status_code for a in answers] == 5 * [202] + 295 * [429]
    assert answers[-1].json()["type"] == "/problems/too_many"
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    answers = [await center.post(f"{place}/test") for place in places[1:] for _ in range(4)]
    assert [a.status_code for a in answers] == 5 * [202] + 3 * [429]
    assert (await other.post(f"{theirs}/test")).status_code == 202
    assert await tables.fetchval("SELECT count(*) FROM notice WHERE position = 0") == 11
    await tables.execute("UPDATE webhook_call SET at = at - interval '1 minute'")
    assert (await center.post(f"{places[0]}/test")).status_code == 202


async def test_whatever_makes_us_send_counts_and_removing_a_webhook_does_not_help(
    speak: Speak, tables: asyncpg.Pool
) -> None:
    center = await speak("center-13")
    place = await add_proven(center, tables)
    for number in range(2):
        moved = await center.patch(place, json={"url": f"{URL}/{number}"})
        assert (moved.status_code, moved.json()["state"]) == (200, "unconfirmed")
    for _ in range(3):
        assert (await center.patch(place, json={"state": "active"})).status_code == 200
    for refused in ({"state": "active"}, {"url": f"{URL}/another"}):
        assert (await center.patch(place, json=refused)).status_code == 429
    assert (await center.post(f"{place}/test")).status_code == 429
    assert (await center.patch(place, json={"state": "paused"})).status_code == 200
    statuses = []
    for _ in range(8):
        added = await center.post("/v1/webhooks", json={"url": URL})
        statuses.append(added.status_code)
        if added.status_code == 201:
            await center.delete(added.headers["location"])
    assert statuses == 5 * [201] + 3 * [429]


CALLED = "INSERT INTO webhook_call SELECT gen_random_uuid(), $2, NULL, $1, now()"


async def test_all_agencies_together_are_limited_to_a_host_whatever_they_call_it(
    speak: Speak, tables: asyncpg.Pool
) -> None:
    center = await speak("center-13")
    rows = f"{CALLED} FROM generate_series(1, $3::integer)"
    target = ["a.example", "93.184.215.14"]
    await tables.execute(rows, target, "center-14", 30)
    await tables.execute(rows, target, "center-13", 5)
    answer = await center.post("/v1/webhooks", json={"url": "https://93.184.215.14:8443/other"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    elsewhere = await center.post("/v1/webhooks", json={"url": "https://93.184.215.15/"})
    assert elsewhere.status_code == 201


async def test_others_cannot_keep_an_agency_from_an_endpoint_that_they_share(
    speak: Speak, tables: asyncpg.Pool
) -> None:
    for other in ("center-14", "center-27", "center-01"):
        await tables.execute(f"{CALLED} FROM generate_series(1, 10)", ["93.184.215.14"], other)
    center, another = await speak("center-13"), await speak("prison-fuchu")
    url = "https://93.184.215.14/"
    for client in (center, another):
        calls = [client.post("/v1/webhooks", json={"url": url}) for _ in range(8)]
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status_code for answer in answers) == 5 * [201] + 3 * [429]


async def test_a_replay_is_paced_and_another_waits_for_its_end(
    speak: Speak, tables: asyncpg.Pool
) -> None:
    center = await speak("center-13")
    place = await add_proven(center, tables)
    await tables.execute(
        "INSERT INTO notice (id, webhook_id, agency_id, position, payload, created_at, since,"
        " due_at, state) SELECT gen_random_uuid(), $1, 'center-13', n, '{}', now(), now(), now(),"
        " 'delivered' FROM generate_series(1, 200) AS n",
        place.rpartition("/")[2],
    )
    since = {"since": "2020-01-01T00:00:00+09:00"}
    assert (await center.post(f"{place}/replay", json=since)).json() == {"queued": 200}
    again = await center.post(f"{place}/replay", json=since)
    assert again.status_code == 429
    assert 15 <= int(again.headers["retry-after"]) <= 20

    async def most_in_a_second() -> int:
        count: int = await tables.fetchval(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM notice WHERE state = 'pending'"
            " AND position > 0 GROUP BY date_trunc('second', due_at)) AS s"
        )
        return count

    assert await most_in_a_second() == 10
    for state in ("paused", "active"):
        await center.patch(place, json={"state": state})
    assert await most_in_a_second() <= 11  # what is due by now, and no more
    await tables.execute("UPDATE webhook SET replay_until = now()")
    assert (await center.post(f"{place}/replay", json=since)).json() == {"queued": 0}


async def test_without_a_token_there_is_nothing_to_see(service: Service) -> None:
    async with service.client() as client:
        assert (await client.get("/v1/webhooks")).status_code == 401


async def test_a_flow_that_there_is_not_is_refused_at_its_place(speak: Speak) -> None:
    center = await speak("center-13")
    flows = ["special_adjustment", "x"]
    refused = await center.post("/v1/webhooks", json={"url": URL, "flows": flows})
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["reason"]) == ("/flows/1", "unknown_flow")
