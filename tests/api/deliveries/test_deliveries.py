"""What a sender asks about its messages over HTTP: where they are, printed, taken back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.domain.deliveries.explanation import NEXT_STEP, WHERE
from tests.support.contract import CONTRACT

Make = Callable[..., dict[str, Any]]
PAPER = {"medium": "paper", "received_on": "2026-11-19", "scan_sha256": "5" * 64}


def valid(answer: Any, shape: str) -> Any:
    """The JSON of an answer, which has to be as the contract says."""
    value = answer.json()
    schema = {"$ref": f"#/components/schemas/{shape}", "components": CONTRACT["components"]}
    assert not [e.message for e in Draft202012Validator(schema).iter_errors(value)], value
    return value


async def open_referral(prison: AsyncClient, opening: Make, **changed: Any) -> str:
    """A new referral from the prison to the office."""
    message = opening(**changed)
    answer = await prison.post("/v1/referrals", json=message)
    assert answer.status_code == 201, answer.text
    return str(message["id"])


async def acknowledge(client: AsyncClient, message_id: str) -> None:
    """Acknowledge a message at its recipient."""
    after = 0
    while page := (await client.get(f"/v1/inbox?after={after}&limit=200")).json():
        for item in page["items"]:
            if item["message_id"] == message_id and item["kind"] == "message":
                positions = {"positions": [item["position"]]}
                await client.post("/v1/inbox/acknowledgements", json=positions)
                return
        assert page["items"]
        after = page["next"]


async def test_a_sender_follows_its_message_to_the_acknowledgement(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13", "case_worker")
    referral = await open_referral(prison, opening)
    path = f"/v1/referrals/{referral}/deliveries"

    async def copy() -> dict[str, Any]:
        (item,) = valid(await prison.get(path), "DeliveryPage")["items"]
        (recipient,) = item["recipients"]
        result: dict[str, Any] = recipient
        return result

    assert (await copy())["status"] == "waiting"
    await office.get(f"/v1/referrals/{referral}/messages/{referral}")
    assert (await copy())["status"] == "opened"
    await acknowledge(office, referral)
    acknowledged_copy = await copy()
    assert (acknowledged_copy["status"], acknowledged_copy["acknowledged_by"]) == (
        "acknowledged",
        "probation-13.case_worker",
    )
    assert acknowledged_copy["late"] is None
    theirs = valid(await office.get(path), "DeliveryPage")
    assert theirs == {"items": [], "next": None}


async def test_deliveries_come_in_pages(speak: Any, opening: Make, envelope: Make) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    referral = await open_referral(prison, opening)
    for event in ("start_selection", "record_consent", "select_special"):
        message = envelope(f"special_adjustment.{event}")
        answer = await office.post(f"/v1/referrals/{referral}/messages", json=message)
        assert answer.status_code == 201, answer.text
    path = f"/v1/referrals/{referral}/deliveries"
    types: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = valid(await office.get(path, params={"limit": 1, "cursor": cursor}
                                      if cursor else {"limit": 1}), "DeliveryPage")  # fmt: skip
        types += [item["type"].partition(".")[2] for item in page["items"]]
        cursor = page["next"]
    assert types == ["start_selection", "record_consent", "select_special"]
    assert (await office.get(path, params={"cursor": "x"})).status_code == 422


async def test_a_stranger_finds_none_of_it(speak: Any, opening: Make) -> None:
    prison, stranger = await speak("prison-fuchu"), await speak("center-47")
    referral = await open_referral(prison, opening)
    within = f"/v1/referrals/{referral}"
    for path in (f"{within}/deliveries", f"{within}/messages/{referral}/explain"):
        assert (await stranger.get(path)).status_code == 404
    for action, body in (("recall", {"reason": "wrong_person"}), ("printed", {})):
        answer = await stranger.post(f"{within}/messages/{referral}/{action}", json=body)
        assert answer.status_code == 404
    assert (await stranger.get(f"/v1/misdirected-disclosures/{uuid4()}")).status_code == 404


async def test_paper_is_marked_as_printed(speak: Any, opening: Make, envelope: Make) -> None:
    office = await speak("probation-12")
    to = {"institution": "prison-chiba"}
    referral = await open_referral(office, opening, to=to, paper_origin=PAPER)
    start = envelope("special_adjustment.start_selection")
    await office.post(f"/v1/referrals/{referral}/messages", json=start)
    message = f"/v1/referrals/{referral}/messages/{start['id']}"
    assert (await office.get(f"{message}/sheet")).status_code == 200
    explained_before = valid(await office.get(f"{message}/explain"), "ExplainedOut")
    assert explained_before["recipients"][0]["status"] == "to_print"
    for wrong in ({"content": "{}"}, {"content": "x", "headers": {"Content-Type": "text/plain"}}):
        refused = await office.post(f"{message}/printed", **wrong)
        assert refused.status_code == 415
    first = valid(await office.post(f"{message}/printed"), "PrintedOut")
    again = valid(await office.post(f"{message}/printed", json={}), "PrintedOut")
    assert first == again
    assert first["printed"][0]["printed_by"] == "probation-12.decider"
    connected = await office.post(f"/v1/referrals/{referral}/messages/{referral}/printed", json={})
    assert (connected.status_code, connected.json()["type"]) == (409, "/problems/not_to_print")
    viewer = await speak("probation-12", "viewer")
    assert (await viewer.post(f"{message}/printed", json={})).status_code == 403


async def test_a_message_is_taken_back_and_a_repeat_gets_the_same_answer(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    referral = await open_referral(prison, opening)
    path = f"/v1/referrals/{referral}/messages/{referral}/recall"
    first = await prison.post(path, json={"reason": "wrong_recipient"})
    assert valid(first, "RecallOut")["recalled"][0]["misdirected_disclosure_id"] is None
    again = await prison.post(path, json={"reason": "wrong_recipient"})
    assert (again.status_code, again.content) == (200, first.content)
    other = await prison.post(path, json={"reason": "too_much"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/already_recalled")
    read = valid(await office.get(f"/v1/referrals/{referral}/messages/{referral}"), "MessageOut")
    assert read["body"] == {"type": "special_adjustment.notify_candidate"}
    assert {each["reason"] for each in read["withheld"]} == {"recalled"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "whim"}, "/reason"),
        ({}, "/reason"),
        ({"reason": "too_much", "recipients": []}, "/recipients"),
        ({"reason": "too_much", "recipients": ["center-47"]}, "/recipients/0"),
    ],
)
async def test_a_recall_that_cannot_be_is_refused(
    speak: Any, opening: Make, body: dict[str, Any], pointer: str
) -> None:
    prison = await speak("prison-fuchu")
    referral = await open_referral(prison, opening)
    answer = await prison.post(f"/v1/referrals/{referral}/messages/{referral}/recall", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_only_a_deciders_seat_takes_back(speak: Any, opening: Make) -> None:
    referral = await open_referral(await speak("prison-fuchu"), opening)
    worker = await speak("prison-fuchu", "case_worker")
    path = f"/v1/referrals/{referral}/messages/{referral}/recall"
    answer = await worker.post(path, json={"reason": "wrong_person"})
    assert (answer.status_code, answer.json()["scope"]) == (403, "referral:decide")


async def test_both_sides_read_the_record_of_a_misdirected_disclosure(
    speak: Any, opening: Make
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    referral = await open_referral(prison, opening)
    message = f"/v1/referrals/{referral}/messages/{referral}"
    await office.get(message)
    recalled = await prison.post(f"{message}/recall", json={"reason": "wrong_person"})
    disclosure = recalled.json()["recalled"][0]["misdirected_disclosure_id"]
    mine = await prison.get(f"/v1/misdirected-disclosures/{disclosure}")
    record = valid(mine, "MisdirectedOut")
    assert (record["reason"], record["persons"]) == ("wrong_person", 1)
    assert record["openings"][0]["seat_id"] == "probation-13.decider"
    assert record["clocks"]["preliminary"]["from"] > record["known_at"][:10]
    officer = await speak("probation-13", "records_officer")
    assert (await officer.get(mine.url.path)).content == mine.content
    records = valid(await officer.get("/v1/misdirected-disclosures?limit=1"), "MisdirectedPage")
    assert records["items"] == [record]
    english = await office.get(mine.url.path, headers={"Accept-Language": "en"})
    assert english.json()["to_add"][0]["title"] == "cause"
    worker = await speak("probation-13", "case_worker")
    assert (await worker.get(mine.url.path)).status_code == 403


async def test_a_message_is_explained_in_the_readers_language(
    speak: Any, opening: Make, service: Any
) -> None:
    prison, office = await speak("prison-fuchu"), await speak("probation-13")
    referral = await open_referral(prison, opening, urgency="urgent")
    path = f"/v1/referrals/{referral}/messages/{referral}/explain"
    mine = valid(await prison.get(path), "ExplainedOut")
    assert (mine["you"], mine["recipients"][0]["where"]) == (
        "sender",
        WHERE[True, "waiting"].ja,
    )
    theirs = await office.get(path, headers={"Accept-Language": "en"})
    assert theirs.headers["Content-Language"] == "en"
    recipient = valid(theirs, "ExplainedOut")["recipients"][0]
    assert recipient["todo"] == NEXT_STEP[False, "waiting"].en
    service.clock.ahead += timedelta(hours=5)
    try:
        prison = await speak("prison-fuchu")
        late = valid(await prison.get(path, headers={"Accept-Language": "en"}), "ExplainedOut")
        assert late["recipients"][0]["late"] == "overdue"
        assert "overdue" in late["recipients"][0]["next"]
    finally:
        service.clock.ahead -= timedelta(hours=5)
