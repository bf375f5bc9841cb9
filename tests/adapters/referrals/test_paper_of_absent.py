"""An agency that was switched off finds what others keyed in in its name, when it is back."""

import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from app.adapters.inbox.bell import Bell
from app.adapters.referrals.exchange import Exchange
from app.domain.deliveries.recall import RecallReason
from app.domain.directory.agencies import Directory
from app.domain.messages.message import Message, PaperOrigin
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, TO_ASSESSING, special

FLOW = "special_adjustment"
PAPER = PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)


def without(office: Office, agency_id: str) -> Exchange:
    """The exchange while an agency is switched off."""
    agencies = [
        replace(a, disabled=a.disabled or a.id == agency_id) for a in office.directory.agencies
    ]
    directory = Directory.of(agencies)
    bell = Bell(office.pool, office.urls.api)
    return Exchange(office.pool, office.writer, lambda: directory, office.clock, bell)


async def items(office: Office, agency: str, referral: UUID) -> list[dict[str, Any]]:
    page = json.loads(await office.inboxes.read(agency, 0, 100_000, 0, unacknowledged=True))
    return [i for i in page["items"] if i["referral_id"] == str(referral)]


async def keyed_in(office: Office, absent: str, keyer: str, *events: str) -> list[Message]:
    """A case in which one agency keys in what another one wrote that was switched off."""
    referral = await special(office, TO_ASSESSING)
    exchange = without(office, absent)
    sent = []
    for event in events:
        to = {"probation_office": "probation-27"} if event == "transfer_office" else {}
        message = saying(f"{FLOW}.{event}", referral, paper_origin=PAPER, to=to)
        await exchange.accept(message, seat(keyer))
        sent.append(message)
    return sent


@pytest.mark.parametrize(
    ("absent", "keyer", "events"),
    [
        (PROBATION, CENTER, ("change_custody", "decline", "confirm_decline")),
        (PROBATION, PRISON, ("transfer_office",)),
        (PRISON, PROBATION, ("change_custody", "released")),
        (CENTER, PROBATION, ("withdraw_consent",)),
    ],
)
async def test_what_was_keyed_in_in_its_name_waits_for_the_agency(
    office: Office, absent: str, keyer: str, events: tuple[str, ...]
) -> None:
    sent = await keyed_in(office, absent, keyer, *events)
    waiting = await items(office, absent, sent[0].referral_id)
    for message in sent:
        [item] = [i for i in waiting if i["message_id"] == str(message.id)]
        assert item["kind"] == "message"
        assert item["state"] == "waiting"
        assert item["paper_origin"] == {"received_on": "2026-11-20", "medium": "fax"}
        (opening,) = await office.reading.open(seat(absent), [message.id])
        # Whoever has no part any more learns that it has lost it, and reads nothing else.
        ended = events == ("transfer_office",)
        assert {reason for _, reason in opening.withheld} == ({"party_ended"} if ended else set())
        paper = opening.envelope["paper_origin"]
        assert paper is not None
        assert paper["keyed_by"]["agency_id"] == keyer
        told = await office.deliveries.explain(keyer, message.referral_id, message.id)
        [delivery] = [d for d in told.tracked.deliveries if d.agency_id == absent]
        assert (delivery.opened_at is None) is ended
        assert told.tracked.terms is not None


async def test_whoever_keyed_it_in_does_not_take_it_back_from_that_inbox(office: Office) -> None:
    (message,) = await keyed_in(office, PROBATION, CENTER, "change_custody")
    await office.recalls.recall(
        seat(CENTER), message.referral_id, message.id, RecallReason.WRONG_CONTENT, None
    )
    states = {
        agency: [
            i["state"]
            for i in await items(office, agency, message.referral_id)
            if i.get("message_id") == str(message.id) and i["kind"] == "message"
        ]
        for agency in (PROBATION, PRISON)
    }
    assert states == {PROBATION: ["waiting"], PRISON: ["recalled"]}


async def test_an_agency_that_is_not_connected_has_no_inbox_for_what_it_wrote(
    office: Office,
) -> None:
    opening = saying(
        f"{FLOW}.notify_candidate", to={"institution": "prison-yokohama"}, paper_origin=PAPER
    )
    await office.exchange.accept(opening, seat("probation-14"))
    counted = "SELECT count(*) FROM inbox_item WHERE agency_id = 'prison-yokohama'"
    assert await office.owner.fetchval(counted) == 0
