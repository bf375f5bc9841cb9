"""The inbox over HTTP: pages, waiting, 受領; and the days to keep."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.api.inbox import schemas as inbox_shapes
from app.api.referrals import schemas as referral_shapes

Make = Callable[..., dict[str, Any]]


async def everything(client: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = 0
    while page := (await client.get(f"/v1/inbox?after={after}&limit=7")).json()["items"]:
        items += page
        after = page[-1]["position"]
    return items


async def test_what_is_sent_waits_without_a_gap_and_without_a_body(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    notices = [opening() for _ in range(3)]
    for one in notices:
        assert (await prison.post("/v1/referrals", json=one)).status_code == 201
    items = await everything(office)
    assert [i["position"] for i in items] == list(range(1, len(items) + 1))
    assert [i["message_id"] for i in items[-3:]] == [one["id"] for one in notices]
    assert {i["state"] for i in items[-3:]} == {"waiting"}
    page = await office.get("/v1/inbox?limit=2")
    inbox_shapes.InboxOut.model_validate(page.json())
    assert "繋" not in page.text
    assert page.json()["next"] == 2
    assert page.json()["head"] == items[-1]["position"]


async def test_a_message_is_acknowledged_once_by_the_seat_that_does_so_first(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    worker = await speak("probation-13", "case_worker")
    await prison.post("/v1/referrals", json=opening())
    head = (await office.get("/v1/inbox/status")).json()["head"]
    first = await worker.post("/v1/inbox/acknowledgements", json={"positions": [head]})
    again = await office.post("/v1/inbox/acknowledgements", json={"positions": [head]})
    assert first.json() == again.json()
    (item,) = first.json()["acknowledged"]
    assert item["acknowledged_by"] == "probation-13.case_worker"
    assert item["acknowledged_at"].endswith("+09:00")
    inbox_shapes.AcknowledgedOut.model_validate(first.json())
    waiting = (await office.get(f"/v1/inbox?after={head - 1}&unacknowledged=true")).json()
    assert waiting["items"] == []


async def test_acknowledging_through_a_position_leaves_nothing_behind(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    await prison.post("/v1/referrals", json=opening())
    head = (await office.get("/v1/inbox/status")).json()["head"]
    answer = await office.post("/v1/inbox/acknowledgements", json={"through": head})
    assert answer.json()["more"] is False
    status = (await office.get("/v1/inbox/status")).json()
    assert status["counts"] == {"waiting": 0, "unacknowledged": 0, "acknowledged": head}
    inbox_shapes.InboxStatusOut.model_validate(status)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"positions": [1], "through": 1}, ""),
        ({"positions": []}, "/positions"),
        ({"positions": [0]}, "/positions/0"),
        ({"positions": ["1"]}, "/positions/0"),
        ({"positions": [True]}, "/positions/0"),
        ({"positions": list(range(1, 1002))}, "/positions"),
        ({"through": 2**53}, "/through"),
        ({"through": 9_000_000}, "/through"),
    ],
)
async def test_a_wrong_acknowledgement_says_what_is_wrong(
    speak: Any, body: dict[str, Any], pointer: str
) -> None:
    office = await speak("probation-13")
    answer = await office.post("/v1/inbox/acknowledgements", json=body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=9007199254740992",
        "after=x",
        "limit=0",
        "limit=201",
        "wait=31",
        "wait=-1",
        "wait=nan",
        "wait=inf",
        "unacknowledged=perhaps",
    ],
)
async def test_a_wrong_question_is_refused(speak: Any, query: str) -> None:
    answer = await (await speak("probation-13")).get(f"/v1/inbox?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/query/{query.partition('=')[0]}"


async def test_whoever_waits_is_answered_when_something_comes(
    service: Any, speak: Any, opening: Make, until_waits: Any
) -> None:
    prison, office = await speak("prison-osaka"), await speak("probation-27")
    head = (await office.get("/v1/inbox/status")).json()["head"]
    waiting = asyncio.create_task(office.get(f"/v1/inbox?after={head}&wait=30"))
    await until_waits(service.app, "probation-27", True)
    notice = opening(to={"probation_office": "probation-27"})
    assert (await prison.post("/v1/referrals", json=notice)).status_code == 201
    begun = time.monotonic()
    page = await waiting
    assert time.monotonic() - begun < 0.5
    assert [i["message_id"] for i in page.json()["items"]] == [notice["id"]]


async def test_waiting_in_vain_ends_in_time(speak: Any) -> None:
    office = await speak("probation-47")
    begun = time.monotonic()
    page = await office.get("/v1/inbox?wait=0.2")
    assert page.json() == {"items": [], "next": 0, "head": 0}
    assert 0.15 < time.monotonic() - begun < 1


async def test_days_to_keep_come_in_their_order_page_by_page(speak: Any, opening: Make) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    for _ in range(3):
        await prison.post("/v1/referrals", json=opening())
    deadlines: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = (await office.get(f"/v1/deadlines?limit=2{cursor and '&cursor='}{cursor}")).json()
        referral_shapes.DeadlinePage.model_validate(page)
        deadlines += page["items"]
        cursor = page["next"]
    keys = [(d["due_on"], d["referral_id"], d["kind"]) for d in deadlines]
    assert len(keys) >= 3
    assert keys == sorted(set(keys))


async def test_a_stopping_server_lets_whoever_waits_go(
    service: Any, running: Any, until_waits: Any
) -> None:
    token = await service.token("probation-47")
    headers = {"Authorization": f"Bearer {token}"}
    with running() as server:
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            waiting = asyncio.create_task(client.get("/v1/inbox?wait=30", timeout=40))
            await until_waits(server.app, "probation-47", True)
            server.stop()
            answer = await asyncio.wait_for(waiting, 3)
    assert answer.json() == {"items": [], "next": 0, "head": 0}


async def test_a_poll_ends_when_the_client_hangs_up(
    service: Any, listening: Any, until_waits: Any
) -> None:
    token = await service.token("probation-46")
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=listening.url, headers=headers) as client:
        waiting = asyncio.create_task(client.get("/v1/inbox?wait=30", timeout=40))
        await until_waits(listening.app, "probation-46", True)
        waiting.cancel()
        await asyncio.wait([waiting])
    await until_waits(listening.app, "probation-46", False)
