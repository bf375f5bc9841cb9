"""A consent to its recorder's own access opens nothing in the database until it is confirmed."""

import asyncio
import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.referrals.exchange import Rehearsed
from app.api.referrals.views import rehearsal
from app.domain.cases.case import CLOSED
from app.domain.errors import GuardFailed, Invalid, NotYourStep, Refusal
from app.domain.flows import FLOWS
from app.domain.messages.message import PaperOrigin
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from app.domain.state_machine.step import SAME
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    hand_over,
    send,
    special,
)

REQUESTED = TO_ACCEPTED[:4]
ROUNDS = 20


async def opened(office: Office, agency: str, referral: UUID) -> set[str]:
    """The classes beyond C0 that an agency can open of what it was sent in a referral."""
    rows = await office.owner.fetch(
        "SELECT message_id FROM copy WHERE agency_id = $1 AND referral_id = $2 AND NOT sent",
        agency,
        referral,
    )
    read = await office.reading.open(seat(agency), [row["message_id"] for row in rows])
    return {str(data_class) for each in read for data_class in each.salts} - {"C0"}


async def states(office: Office, agency: str, referral: UUID) -> dict[str, str]:
    """The consents of a case as an agency sees them, with their states."""
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    listed = await office.consents.of_case(agency, case, None, 100)
    return {str(known.consent.record.id): known.state for known in listed}


async def claim(office: Office, agency: str, flow: str, referral: UUID, *names: str) -> str:
    """A renewal that names whoever sends it, or its kind; the id of the consent."""
    consent = str(uuid4())
    body = {"consent_id": consent, "recipients": list(names or (agency,))}
    await send(office, agency, saying(f"{flow}.renew_consent", referral, body))
    return consent


def answering(event: str, referral: UUID, consent: str) -> Any:
    """The office's answer to a claim."""
    return saying(f"special_adjustment.{event}_consent", referral, {"consent_id": consent})


@pytest.mark.parametrize("name", [CENTER, "settlement_center"])
async def test_a_claim_opens_nothing_and_is_shown_as_one_until_the_office_confirms_it(
    office: Office, name: str
) -> None:
    referral = await special(office)
    before = await opened(office, CENTER, referral)
    assert before
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", referral))
    consent = await claim(office, CENTER, "special_adjustment", referral, name)
    assert await opened(office, CENTER, referral) == set()
    for agency in (CENTER, PROBATION, PRISON):
        assert (await states(office, agency, referral))[consent] == "claimed"
    await send(office, PROBATION, answering("confirm", referral, consent))
    assert await opened(office, CENTER, referral) == before
    assert (await states(office, CENTER, referral))[consent] == "effective"
    row = await office.row("SELECT * FROM consent WHERE id = $1::uuid", consent)
    assert (row["recorded_by"], row["claimed"]) == (CENTER, False)
    assert row["confirmed_at"] is not None
    assert row["confirmed_by"] is not None


async def test_a_refused_claim_opens_nothing_and_is_not_confirmed_later(office: Office) -> None:
    referral = await special(office)
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", referral))
    consent = await claim(office, CENTER, "special_adjustment", referral)
    await send(office, PROBATION, answering("refuse", referral, consent))
    assert (await states(office, CENTER, referral))[consent] == "withdrawn"
    with pytest.raises(GuardFailed):
        await send(office, PROBATION, answering("confirm", referral, consent))
    renewed = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER]}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral, renewed))
    assert await opened(office, CENTER, referral) == set()


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("agency", [CENTER, OTHER_CENTER])
async def test_nothing_that_a_center_sends_after_a_withdrawal_opens_anything_again(
    office: Office, agency: str, *, resumed: bool
) -> None:
    """Every type in both referrals: as it is, on paper, as a correction, sharing older messages."""
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", parent))
    if resumed:
        # Somebody else ends the suspension by a consent that names no center.
        to_others = {"consent_id": str(uuid4()), "recipients": ["probation_office"]}
        await send(office, PROBATION, saying("special_adjustment.renew_consent", parent, to_others))
    of_flow = {"special_adjustment": parent, "regional_coordination": child}
    ways: list[dict[str, Any]] = [
        {},
        {"paper_origin": PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)},
        {"corrects": parent},
        {"shared_messages": (parent,)},
    ]
    taken_types = set()
    for flow, referral in of_flow.items():
        steps = sorted(FLOWS[flow].steps, key=lambda step: (step.to == CLOSED, step.to != SAME))
        for body in dict.fromkeys(step.body for step in steps if step.by != ("sys",)):
            names = "recipients" in body.model_fields
            for way in ways:
                claims = {"consent_id": str(uuid4()), "recipients": [agency]} if names else {}
                message = saying(body.wire_type(), referral, claims, **way)
                try:
                    await send(office, agency, message)
                except Refusal:
                    continue
                taken_types.add(body.wire_type().partition(".")[2])
                assert await opened(office, agency, referral) == set(), body.wire_type()
    # What goes on is not renewed, nor what is below a suspended parent.
    renews = agency == CENTER and not resumed
    assert {"record_consent", *({"renew_consent"} if renews else ())} <= taken_types
    assert await opened(office, agency, child if agency == OTHER_CENTER else parent) == set()


async def test_what_had_become_a_tombstone_comes_back_when_the_claim_is_confirmed(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", referral))
    stones = (
        "SELECT count(*) FROM inbox_item WHERE agency_id = $1 AND referral_id = $2 AND withdrawn"
    )
    assert await office.owner.fetchval(stones, CENTER, referral) == 1
    consent = await claim(office, CENTER, "special_adjustment", referral)
    assert await office.owner.fetchval(stones, CENTER, referral) == 1
    await send(office, PROBATION, answering("confirm", referral, consent))
    assert await office.owner.fetchval(stones, CENTER, referral) == 0


async def test_a_claim_in_a_child_is_confirmed_in_the_parent_by_the_office_that_is_told(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    before = await opened(office, OTHER_CENTER, child)
    assert before
    await send(office, OTHER_CENTER, saying("regional_coordination.withdraw_consent", child))
    assert await opened(office, OTHER_CENTER, child) == set()
    consent = await claim(office, OTHER_CENTER, "regional_coordination", child)
    assert (await states(office, CENTER, child))[consent] == "claimed"
    told = await office.owner.fetch(
        "SELECT agency_id, message_id FROM inbox_item WHERE referral_id = $1"
        " AND type = 'special_adjustment.consent_claimed'",
        parent,
    )
    assert [row["agency_id"] for row in told] == [PROBATION]
    (report,) = await office.reading.open(seat(PROBATION), [told[0]["message_id"]])
    assert report.body["consent_id"] == consent
    await send(office, PROBATION, answering("confirm", parent, consent))
    assert await opened(office, OTHER_CENTER, child) == before


async def test_a_confirmation_is_before_a_withdrawal_or_finds_no_claim(office: Office) -> None:
    for _ in range(ROUNDS):
        referral = await special(office)
        consent = str(uuid4())
        body = {"consent_id": consent, "recipients": [CENTER]}
        await send(office, CENTER, saying("special_adjustment.record_consent", referral, body))
        confirmed, withdrawn = await asyncio.gather(
            office.exchange.accept(answering("confirm", referral, consent), seat(PROBATION)),
            office.another().accept(
                saying("special_adjustment.withdraw_consent", referral), seat(PRISON)
            ),
            return_exceptions=True,
        )
        assert not isinstance(withdrawn, BaseException)
        assert isinstance(confirmed, Refusal) or not isinstance(confirmed, BaseException)
        assert await opened(office, CENTER, referral) == set()
        row = await office.row("SELECT * FROM consent WHERE id = $1::uuid", consent)
        assert row["withdrawn_on"] is not None


async def test_what_vouches_for_consents_is_not_corrected(office: Office) -> None:
    referral = await special(office)
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", referral))
    consent = await claim(office, CENTER, "special_adjustment", referral)
    confirmed = answering("confirm", referral, consent)
    await send(office, PROBATION, confirmed)
    corrected = replace(confirmed, id=uuid4(), corrects=confirmed.id)
    with pytest.raises(Invalid) as refused:
        await send(office, PROBATION, corrected)
    assert refused.value.facts["errors"][0]["reason"] == "not_correctable"


async def test_an_exit_of_another_than_the_lead_is_corrected_by_its_decider_alone(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    _, child = await hand_over(office, *taken)
    decline = saying("regional_coordination.decline", child)
    await send(office, OTHER_CENTER, decline)
    corrected = replace(decline, id=uuid4(), corrects=decline.id)
    with pytest.raises(NotYourStep):
        await office.exchange.accept(corrected, seat(OTHER_CENTER, "case_worker"))
    await send(office, OTHER_CENTER, corrected)


async def test_an_item_of_the_inbox_says_how_paper_came_that_was_keyed_in(office: Office) -> None:
    opening = saying(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-yokohama"},
        paper_origin=PaperOrigin(date(2026, 11, 20), "fax", "5" * 64),
    )
    await send(office, "probation-14", opening)
    page = json.loads(
        await office.inboxes.read("probation-14", 0, 100_000, 0, unacknowledged=False)
    )
    (item,) = [each for each in page["items"] if each["message_id"] == str(opening.id)]
    assert item["paper_origin"] == {"received_on": "2026-11-20", "medium": "fax"}


async def test_days_and_texts_stay_until_a_death_is_confirmed(office: Office) -> None:
    referral = await special(office)
    days = "SELECT kind, agency_id, due_on FROM deadline WHERE referral_id = $1 ORDER BY 1, 2"
    before = await office.owner.fetch(days, referral)
    texts = await opened(office, CENTER, referral)
    assert before
    assert texts
    for event in ("die", "retract_death", "die"):
        await send(office, PRISON, saying(f"special_adjustment.{event}", referral))
        assert await office.owner.fetch(days, referral) == before
        assert await opened(office, CENTER, referral) == texts
    confirmed = saying("special_adjustment.confirm_death", referral)
    with pytest.raises(NotYourStep):
        await send(office, PRISON, confirmed)
    await send(office, PROBATION, confirmed)
    assert await office.owner.fetch(days, referral) == []


async def test_the_prosecutor_is_told_of_consent_that_the_office_recorded(office: Office) -> None:
    prosecutor = "prosecutor-13"
    opening = saying("suspect_support.consult", to={"probation_office": PROBATION})
    await send(office, prosecutor, opening)
    for agency, event in (
        (PROBATION, "answer_consultation"),
        (prosecutor, "explain"),
        (PROBATION, "consent"),
    ):
        await send(office, agency, saying(f"suspect_support.{event}", opening.id))
    seen = await office.row(
        "SELECT state FROM party WHERE referral_id = $1 AND agency_id = $2", opening.id, prosecutor
    )
    assert seen["state"] == "consented"
    assert await opened(office, prosecutor, opening.id) == set()


@pytest.mark.parametrize("items", [[], ["C4"]], ids=["whole", "C4"])
@pytest.mark.parametrize("named", [True, False], ids=["by name", "everything"])
async def test_what_a_withdrawal_above_takes_below_stands_again_when_it_is_retracted(
    office: Office, *, named: bool, items: list[str]
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    consent = str(uuid4())
    body = {"consent_id": consent, "recipients": [OTHER_CENTER]}
    await send(office, CENTER, saying("regional_coordination.record_consent", child, body))
    before = await opened(office, OTHER_CENTER, child)
    stood = await states(office, OTHER_CENTER, child)
    said: dict[str, Any] = {"consent_ids": [CONSENT_ID, CONSENT_REGIONAL_ID]} if named else {}
    said |= {"withdrawn_items": items} if items else {}
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", parent, said))
    row = await office.row("SELECT * FROM consent WHERE id = $1::uuid", consent)
    assert row["withdrawn_items"] == items
    assert (row["withdrawn_on"] is None) is bool(items)
    assert await opened(office, OTHER_CENTER, child) == set()
    back = {"consent_ids": [CONSENT_ID, CONSENT_REGIONAL_ID]}
    await send(office, PROBATION, saying("special_adjustment.retract_withdrawal", parent, back))
    assert await states(office, OTHER_CENTER, child) == stood
    row = await office.row("SELECT * FROM consent WHERE id = $1::uuid", consent)
    assert (row["withdrawn_on"], row["withdrawn_items"], row["withdrawn_by"]) == (None, [], None)
    assert await opened(office, OTHER_CENTER, child) == before


async def test_a_withdrawal_that_stops_the_parent_from_a_child_is_rehearsed_named_and_counted(
    office: Office,
) -> None:
    parent, child = await hand_over(office)
    named = {"consent_ids": [CONSENT_REGIONAL_ID]}
    stopping = saying("regional_coordination.withdraw_consent", child, named)
    rehearsed = await office.exchange.rehearse(stopping, seat(CENTER))
    assert isinstance(rehearsed, Rehearsed)
    shown = rehearsal(rehearsed, CENTER, office.directory)["would"]["moves"]
    assert (str(parent), "suspended_consent") in {(m["referral_id"], m["state"]) for m in shown}
    back = saying("special_adjustment.retract_withdrawal", parent, named)
    for _ in range(2):
        await send(office, CENTER, replace(stopping, id=uuid4()))
        assert await send(office, PROBATION, replace(back, id=uuid4())) == "regional_pending"
    told = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.' || $2"
    for row in await office.owner.fetch(told, parent, "consent_suspended"):
        (read,) = await office.reading.open(seat(PROBATION), [row["id"]])
        assert read.body["withdrawn_by"] == CENTER
    await send(office, CENTER, replace(stopping, id=uuid4()))
    row = await office.row("SELECT state FROM referral WHERE id = $1", parent)
    assert row["state"] == "regional_pending"
    assert len(await office.owner.fetch(told, parent, "exit_claimed")) == 1
    assert (await states(office, PROBATION, parent))[CONSENT_REGIONAL_ID] == "effective"
    with pytest.raises(Invalid):
        await send(office, OTHER_CENTER, replace(stopping, id=uuid4()))


async def test_what_falls_below_by_name_opens_nothing_after_a_narrower_renewal(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    body = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER]}
    await send(office, CENTER, saying("regional_coordination.record_consent", child, body))
    named = {"consent_ids": [CONSENT_ID, CONSENT_REGIONAL_ID]}
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", parent, named))
    narrow: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER]}
    narrow |= {"item_classes": ["C1"], "purpose": "regional"}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", parent, narrow))
    assert await opened(office, OTHER_CENTER, child) <= {"C1"}
