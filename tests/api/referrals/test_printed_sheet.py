"""A printed sheet is addressed only to whoever may read all that it shows."""

from collections.abc import Callable
from typing import Any

from httpx import AsyncClient

Make = Callable[..., dict[str, Any]]
PAPER = {"received_on": "2026-11-20", "medium": "paper", "scan_sha256": "5" * 64}
ADDRESSED, RECORD = "御中", "控え"


async def asked_for_cooperation(
    office: AsyncClient, opening: Make, envelope: Make
) -> tuple[str, str]:
    """The place of a request to a center, in a case whose prison is not connected, and its id."""
    keyed = opening(to={"institution": "prison-yokohama"}, paper_origin=PAPER)
    assert (await office.post("/v1/referrals", json=keyed)).status_code == 201
    messages = f"/v1/referrals/{keyed['id']}/messages"
    steps = ("start_selection", "record_consent", "select_special", "request_cooperation")
    for event in steps:
        step = envelope(f"special_adjustment.{event}")
        answer = await office.post(messages, json=step)
        assert answer.status_code == 201, answer.text
    place = f"{messages}/{step['id']}"
    recipients = (await office.get(place)).json()["to"]
    (center,) = (each["agency_id"] for each in recipients if each["party"] == "center")
    return place, center


async def test_whoever_did_not_send_a_message_prints_a_record_of_its_own(
    speak: Any, opening: Make, envelope: Make
) -> None:
    office = await speak("probation-14")
    place, center = await asked_for_cooperation(office, opening, envelope)
    sent = (await office.get(f"{place}/sheet")).text
    assert "横浜刑務所 御中" in sent
    assert RECORD not in sent
    assert "繋" not in sent  # that copy has C0 alone
    received = (await (await speak(center)).get(f"{place}/sheet")).text
    assert RECORD in received
    assert ADDRESSED not in received
    assert "繋" in received


async def test_what_was_recalled_is_addressed_to_nobody(
    speak: Any, opening: Make, envelope: Make
) -> None:
    office = await speak("probation-14")
    place, _ = await asked_for_cooperation(office, opening, envelope)
    recall = {"reason": "wrong_content", "recipients": ["prison-yokohama"]}
    assert (await office.post(f"{place}/recall", json=recall)).status_code == 200
    page = (await office.get(f"{place}/sheet")).text
    assert ADDRESSED not in page
    assert RECORD in page


async def test_a_record_of_ones_own_shows_what_no_recipient_may_read_and_names_none(
    speak: Any, opening: Make, envelope: Make
) -> None:
    office = await speak("probation-14")
    place, center = await asked_for_cooperation(office, opening, envelope)
    messages = place.rpartition("/")[0]
    helper = await speak(center)
    for event in ("accept", "interview"):
        step = envelope(f"special_adjustment.{event}")
        assert (await helper.post(messages, json=step)).status_code == 201
    page = (await helper.get(f"{messages}/{step['id']}/sheet")).text
    assert "健康に関する" in page
    assert ADDRESSED not in page
