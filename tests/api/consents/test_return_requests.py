"""Requests to return or destroy, over HTTP."""

import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.domain.messages.payloads.samples import CONSENT_ID
from tests.support.service import Speak

EVENTS = (
    "start_selection",
    "record_consent",
    "select_special",
    "request_cooperation",
    "withdraw_consent",
)


@pytest.fixture
async def asked_back(
    speak: Speak,
    opening: Callable[..., dict[str, Any]],
    envelope: Callable[..., dict[str, Any]],
) -> Callable[[], Awaitable[tuple[str, AsyncClient]]]:
    """A referral in which center-13 opened its request and the prison withdrew consent."""

    async def make() -> tuple[str, AsyncClient]:
        prison, office = await speak("prison-fuchu"), await speak("probation-13")
        center = await speak("center-13")
        notice, consent = opening(), str(uuid4())
        place = f"/v1/referrals/{notice['id']}/messages"
        await prison.post("/v1/referrals", json=notice)
        for event in EVENTS:
            message = json.dumps(envelope(f"special_adjustment.{event}"))
            event_message = json.loads(message.replace(CONSENT_ID, consent))
            sender = prison if event == "withdraw_consent" else office
            answer = await sender.post(place, json=event_message)
            assert answer.status_code == 201, answer.text
            if event == "request_cooperation":
                await center.post("/v1/messages/read", json={"ids": [event_message["id"]]})
        return notice["id"], center

    return make


async def own(client: AsyncClient, referral: str) -> dict[str, Any]:
    """The request that this agency got in a referral."""
    items = (await client.get("/v1/return-requests", params={"limit": 100})).json()["items"]
    return next(i for i in items if i["referral_id"] == referral)


async def test_a_request_is_answered_once_and_followed_by_who_told_and_who_withdrew(
    asked_back: Callable[[], Awaitable[tuple[str, AsyncClient]]], speak: Speak
) -> None:
    referral, center = await asked_back()
    asked = await own(center, referral)
    assert (asked["state"], asked["answer"], asked["messages"]) == ("open", None, 1)
    assert asked["consent_ids"]
    assert "C1" in asked["classes"]
    place = f"/v1/return-requests/{asked['id']}/answer"
    answer_body = {"answer": "destroyed", "on": asked["requested_at"][:10]}
    answered = await center.post(place, json=answer_body)
    assert answered.status_code == 200, answered.text
    assert (answered.json()["state"], answered.json()["answered_by"]) == (
        "answered",
        "center-13.decider",
    )
    assert (await center.post(place, json=answer_body)).json() == answered.json()
    other = await center.post(place, json={**answer_body, "answer": "returned"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/already_answered")
    for agency in ("prison-fuchu", "probation-13"):
        client = await speak(agency)
        case = (await client.get(f"/v1/referrals/{referral}")).json()["case_id"]
        (seen,) = (await client.get(f"/v1/cases/{case}/return-requests")).json()["items"]
        assert (seen["agency_id"], seen["answer"]) == ("center-13", "destroyed")
        assert seen["message_ids"] is seen["classes"] is seen["consent_ids"] is None
        assert (await client.post(place, json=answer_body)).status_code == 404
    stranger = await speak("center-27")
    hidden = await stranger.get(f"/v1/cases/{case}/return-requests")
    nothing = await stranger.get(f"/v1/cases/{uuid4()}/return-requests")
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.json() | {"instance": ""} == nothing.json() | {"instance": ""}


async def test_who_may_answer_and_how(
    asked_back: Callable[[], Awaitable[tuple[str, AsyncClient]]], speak: Speak
) -> None:
    referral, center = await asked_back()
    asked = await own(center, referral)
    place = f"/v1/return-requests/{asked['id']}/answer"
    today = asked["requested_at"][:10]
    eve = (date.fromisoformat(today) - timedelta(1)).isoformat()
    worker = await speak("center-13", "case_worker")
    refused = await worker.post(place, json={"answer": "destroyed", "on": today})
    assert (refused.status_code, refused.json()["scope"]) == (403, "disclosure:answer")
    for bad, pointer in (
        ({"answer": "lost", "on": today}, "/answer"),
        ({"answer": "destroyed"}, "/on"),
        ({"answer": "destroyed", "on": "2199-01-01"}, "/on"),
        ({"answer": "returned", "on": eve}, "/on"),
        ({"answer": "kept_by_law", "on": "1868-01-01", "legal_basis": "rpa_82"}, "/on"),
        ({"answer": "kept_by_law", "on": today}, "/legal_basis"),
        ({"answer": "destroyed", "on": today, "legal_basis": "rpa_82"}, "/legal_basis"),
        ({"answer": "destroyed", "on": today, "why": "x"}, "/why"),
    ):
        answer = await center.post(place, json=bad)
        assert answer.status_code == 422, bad
        assert answer.json()["errors"][0]["pointer"] == pointer
    officer = await speak("center-13", "records_officer")
    other_answer = {"answer": "kept_by_law", "on": today, "legal_basis": "rpa_82"}
    response = await officer.post(place, json=other_answer)
    assert (response.status_code, response.json()["answered_by"]) == (
        200,
        "center-13.records_officer",
    )


async def test_the_list_goes_on_where_a_page_ended_and_takes_no_cursor_but_ours(
    asked_back: Callable[[], Awaitable[tuple[str, AsyncClient]]],
) -> None:
    requests = [await asked_back() for _ in range(2)]
    center = requests[0][1]
    first = await own(center, requests[0][0])
    place = f"/v1/return-requests/{first['id']}/answer"
    await center.post(place, json={"answer": "returned", "on": first["requested_at"][:10]})
    whole = (await center.get("/v1/return-requests", params={"limit": 100})).json()["items"]
    paged, cursor = [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = (await center.get("/v1/return-requests", params=query)).json()
        paged += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole
    states = [i["state"] == "answered" for i in whole]
    assert states == sorted(states)
    for bad in ("x", "W10", "WyIyIiwgIjIwMjYtMDEtMDEiLCAieCJd"):
        assert (await center.get("/v1/return-requests", params={"cursor": bad})).status_code == 422
