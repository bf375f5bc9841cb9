"""Opening referrals and sending messages, over HTTP."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid1, uuid4

import pytest
from httpx import AsyncClient

Make = Callable[..., dict[str, Any]]


async def test_a_referral_is_opened_and_read_by_both_sides(speak: Any, opening: Make) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    notice = opening()
    answer = await prison.post("/v1/referrals", json=notice)
    assert answer.status_code == 201
    receipt = answer.json()
    assert list(receipt) == [
        "referral_id", "message_id", "state", "accepted_at", "digest", "receipt", "version",
        "urgency",
    ]  # fmt: skip
    assert receipt["referral_id"] == receipt["message_id"] == notice["id"]
    assert receipt["accepted_at"].endswith("+09:00")
    for reader in (prison, office):
        referral = (await reader.get(f"/v1/referrals/{notice['id']}")).json()
        assert referral["state"] == receipt["state"] == "candidate_notified"
        message = await reader.get(f"/v1/referrals/{notice['id']}/messages/{notice['id']}")
        assert message.json()["body"]["subject"]["family_name"] == "繋"
        assert message.json()["digest"] == receipt["digest"]


async def test_a_repeat_gets_the_first_answer_to_the_letter(speak: Any, opening: Make) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    first = await prison.post("/v1/referrals", json=notice)
    again = await prison.post("/v1/referrals", content=json.dumps(notice, indent=3),
                              headers={"content-type": "application/json"})  # fmt: skip
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content


async def test_an_id_that_stands_for_something_else_is_refused_alike(
    speak: Any, opening: Make
) -> None:
    prison, other = await speak("prison-fuchu"), await speak("prison-osaka")
    notice = opening()
    await prison.post("/v1/referrals", json=notice)
    changed = await prison.post("/v1/referrals", json={**notice, "urgency": "urgent"})
    foreign = await other.post("/v1/referrals", json=notice)
    assert changed.status_code == foreign.status_code == 409
    assert changed.content == foreign.content
    assert changed.json()["type"] == "/problems/id_reused"


async def test_without_an_id_the_service_makes_one(speak: Any, opening: Make) -> None:
    notice = opening()
    del notice["id"]
    answer = await (await speak("prison-fuchu")).post("/v1/referrals", json=notice)
    assert answer.status_code == 201
    assert answer.json()["referral_id"] == answer.json()["message_id"]


async def test_a_rehearsal_says_what_would_follow_and_writes_nothing(
    speak: Any, opening: Make
) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    answer = await prison.post("/v1/referrals?dry_run=true", json=notice)
    assert answer.status_code == 200
    would = answer.json()["would"]
    assert would["state"] == "candidate_notified"
    assert {r["agency_id"] for r in would["readers"]} == {"prison-fuchu", "probation-13"}
    assert (await prison.get(f"/v1/referrals/{notice['id']}")).status_code == 404
    assert (await prison.post("/v1/referrals", json=notice)).status_code == 201


async def test_a_misspelt_rehearsal_is_not_the_real_thing(speak: Any, opening: Make) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    answer = await prison.post("/v1/referrals?dryrun=true", json=notice)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["reason"]) == ("/query/dryrun", "extra_forbidden")
    assert (await prison.get(f"/v1/referrals/{notice['id']}")).status_code == 404


async def test_a_stale_version_is_refused_and_the_current_one_taken(
    speak: Any, opening: Make, envelope: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    notice = opening()
    await prison.post("/v1/referrals", json=notice)
    where = f"/v1/referrals/{notice['id']}/messages"
    start = envelope("special_adjustment.start_selection")
    stale = await office.post(where, json=start, headers={"If-Match": 'W/"7"'})
    assert (stale.status_code, stale.json()["version"]) == (412, 'W/"1"')
    unreadable = await office.post(where, json=start, headers={"If-Match": "whatever"})
    assert unreadable.status_code == 412
    taken = await office.post(where, json=start, headers={"If-Match": 'W/"9", W/"1"'})
    assert taken.status_code == 201
    tag = (await office.get(f"/v1/referrals/{notice['id']}")).headers["ETag"]
    assert tag == taken.json()["version"] == taken.headers["ETag"]


async def test_what_the_state_does_not_take_is_refused_with_what_it_takes(
    speak: Any, opening: Make, envelope: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    notice = opening()
    await prison.post("/v1/referrals", json=notice)
    answer = await office.post(
        f"/v1/referrals/{notice['id']}/messages",
        json=envelope("special_adjustment.select_special"),
        headers={"Accept-Language": "en"},
    )
    problem = answer.json()
    assert answer.status_code == 409, answer.text
    assert problem["state"] == "candidate_notified"
    first = problem["actions"][0]
    assert first["type"] == "special_adjustment.start_selection"
    assert first["title"] == "start the selection"


async def test_a_deciders_step_is_not_a_case_workers(speak: Any, opening: Make) -> None:
    worker = await speak("prison-fuchu", "case_worker")
    answer = await worker.post("/v1/referrals", json=opening())
    assert (answer.status_code, answer.json()["seat"]) == (403, "decider")


async def test_a_stranger_gets_the_bytes_of_nothing(
    speak: Any, opening: Make, envelope: Make
) -> None:
    prison, outsider = await speak("prison-fuchu"), await speak("center-47")
    notice = opening()
    await prison.post("/v1/referrals", json=notice)
    real, made_up = notice["id"], str(uuid4())
    for method, path in [
        ("GET", "/v1/referrals/{}"),
        ("GET", "/v1/referrals/{}/messages"),
        ("GET", "/v1/referrals/{0}/messages/{0}"),
        ("GET", "/v1/referrals/{0}/messages/{0}/sheet"),
        ("POST", "/v1/referrals/{}/messages"),
    ]:
        body = envelope("special_adjustment.start_selection") if method == "POST" else None
        answers = [
            await outsider.request(method, path.format(i), json=body) for i in (real, made_up)
        ]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].text.replace(real, "ID") == answers[1].text.replace(made_up, "ID")


@pytest.mark.parametrize(
    ("changed", "pointer", "reason"),
    [
        ({"id": str(uuid1())}, "/id", "uuid_version"),
        ({"occurred_on": "20261120"}, "/occurred_on", "date_form"),
        ({"occurred_on": "1600-01-01"}, "/occurred_on", "date_range"),
        ({"occurred_on": 0}, "/occurred_on", "date_form"),
        ({"urgency": "soon"}, "/urgency", "enum"),
        ({"to": {"probation_office": "東京"}}, "/to/probation_office", "string_pattern_mismatch"),
        ({"to": {"山田": "probation-13"}}, "/to/?", "string_pattern_mismatch"),
        ({"surprise": 1}, "/surprise", "extra_forbidden"),
        ({"山田太郎": 1}, "/?", "extra_forbidden"),
        ({"consent_ids": "x"}, "/consent_ids", "list_type"),
        ({"body": None}, "/body", "model_type"),
        ({"body": {"type": 3}}, "/body/type", "string_type"),
        ({"body": {"type": "yamada"}}, "/body/type", "unknown_type"),
        ({"body": {"type": "special_adjustment.settle"}}, "/body/type", "not_an_opening"),
    ],
)
async def test_what_is_wrong_is_named_by_place_and_reason(
    speak: Any, opening: Make, changed: dict[str, Any], pointer: str, reason: str
) -> None:
    answer = await (await speak("prison-fuchu")).post("/v1/referrals", json=opening(**changed))
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert (pointer, reason) in [(e["pointer"], e["reason"]) for e in errors]
    assert "yamada" not in answer.text
    assert "山田" not in answer.text


async def test_the_services_own_events_are_not_taken_from_outside(
    speak: Any, opening: Make
) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    await prison.post("/v1/referrals", json=notice)
    event = {
        "occurred_on": "2026-11-20",
        "body": {"type": "special_adjustment.regional_transferred"},
    }
    answer = await prison.post(f"/v1/referrals/{notice['id']}/messages", json=event)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["reason"]) == ("/body/type", "unknown_type")
    assert "special_adjustment.accept" in error["takes"]


async def test_a_later_message_cannot_have_the_referrals_id(
    speak: Any, opening: Make, envelope: Make
) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    await prison.post("/v1/referrals", json=notice)
    later = envelope("special_adjustment.start_selection", id=notice["id"])
    answer = await prison.post(f"/v1/referrals/{notice['id']}/messages", json=later)
    assert answer.json()["errors"] == [{"pointer": "/id", "reason": "id_of_the_referral"}]


async def test_text_is_kept_in_one_form(speak: Any, opening: Make) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    notice["body"]["subject"] = {**notice["body"]["subject"], "family_name": "か\u3099"}
    await prison.post("/v1/referrals", json=notice)
    read = await prison.get(f"/v1/referrals/{notice['id']}/messages/{notice['id']}")
    assert read.json()["body"]["subject"]["family_name"] == "が"


async def test_every_check_comes_in_its_order(
    speak: Any, stranger: AsyncClient, opening: Make, envelope: Make
) -> None:
    """token → scope → syntax → same id → party → If-Match → state → seat."""
    prison, notice = await speak("prison-fuchu"), opening()
    await prison.post("/v1/referrals", json=notice)
    where = f"/v1/referrals/{notice['id']}/messages"
    stale = {"If-Match": 'W/"9"'}
    illegal = envelope("special_adjustment.answer_query")
    used = {**illegal, "id": str(uuid4())}
    await prison.post(where, json=used)
    reader = await speak("prison-fuchu", "viewer")
    worker = await speak("probation-13", "case_worker")
    outsider = await speak("center-47")
    assert (await stranger.post(where, content=b"{")).status_code == 401
    assert (await reader.post(where, content=b"{")).status_code == 403
    assert (await outsider.post(where, json={})).status_code == 422
    reused = await outsider.post(where, json={**illegal, "id": opening()["id"]}, headers=stale)
    assert reused.status_code == 404
    assert (await worker.post(where, json=illegal, headers=stale)).status_code == 412
    assert (await worker.post(where, json=illegal)).status_code == 409
    theirs = envelope("special_adjustment.transfer_office")
    assert (await worker.post(where, json=theirs)).status_code == 403


@pytest.mark.parametrize("spelling", ["{{{}}}", "urn:uuid:{}"])
async def test_an_id_has_one_spelling(speak: Any, opening: Make, spelling: str) -> None:
    prison = await speak("prison-fuchu")
    notice = opening()
    refused = await prison.post(
        "/v1/referrals", json=notice | {"id": spelling.format(notice["id"])}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/id"
    shouted = await prison.post("/v1/referrals", json=notice | {"id": notice["id"].upper()})
    assert shouted.status_code == 201


async def test_a_rehearsal_asked_for_twice_is_not_the_real_thing(speak: Any, opening: Make) -> None:
    prison = await speak("prison-fuchu")
    twice = await prison.post("/v1/referrals?dry_run=true&dry_run=false", json=opening())
    assert twice.status_code == 422


async def test_facts_are_shown_as_far_as_the_seat_may_open_their_class(
    speak: Any, opening: Make
) -> None:
    prison, notice = await speak("prison-fuchu"), opening()
    await prison.post("/v1/referrals", json=notice)
    decider = await (await speak("probation-13")).get(f"/v1/referrals/{notice['id']}")
    records = await speak("probation-13", "records_officer")
    officer = await records.get(f"/v1/referrals/{notice['id']}")
    assert "release_on" in decider.json()["facts"]
    assert officer.json()["facts"] == {}


@pytest.mark.parametrize("sent", ["normal", "urgent", "same_day", None])
async def test_the_urgency_with_which_a_message_is_carried_stands_in_every_answer(
    speak: Any, envelope: Make, sent: str | None
) -> None:
    office = await speak("prosecutor-13")
    message = envelope("suspect_support.consult", to={"probation_office": "probation-13"})
    message.pop("urgency", None)
    if sent is not None:
        message["urgency"] = sent
    carried = "same_day" if sent == "same_day" else "urgent"
    rehearsed = await office.post("/v1/referrals?dry_run=true", json=message)
    assert rehearsed.json()["would"]["urgency"] == carried
    accepted = await office.post("/v1/referrals", json=message)
    assert (accepted.status_code, accepted.json()["urgency"]) == (201, carried)
    repeated = await office.post("/v1/referrals", json=message)
    assert (repeated.status_code, repeated.content) == (200, accepted.content)
    place = f"/v1/referrals/{message['id']}/messages/{message['id']}"
    assert (await office.get(place)).json()["urgency"] == carried
