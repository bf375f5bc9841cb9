"""What a new consent gives back: it waits for its recipient, which is notified of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.deliveries.overdue import Overdue
from app.domain.deliveries.delivery import Delivery
from app.domain.deliveries.recall import RecallReason
from app.domain.deliveries.terms import USUAL, terms, terms_by_kind
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from tests.adapters.consents.test_withdrawal import (
    TAKEN,
    add_webhook,
    check_counts,
    inbox,
    kinds,
    requests_to,
    state_in_inbox,
    the,
    withdraw,
)
from tests.support.callers import START, seat
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

FLOW = "special_adjustment"
REQUESTED = TO_ACCEPTED[:4]
RETURNED = "consent.copies_returned"
LESS = {"recipients": [CENTER, OTHER_CENTER], "purpose": "regional", "item_classes": ["C1"]}
TOLD = ["delivery.overdue", "delivery.failed"]


async def delivery(office: Office, sender: str, message: UUID, recipient: str) -> Delivery:
    """What the sender of a message knows of one copy."""
    referral = await office.owner.fetchval("SELECT referral_id FROM message WHERE id = $1", message)
    (found,) = [
        copy
        for sent in await office.deliveries.sent_messages(sender, referral, 0, 1000)
        for copy in sent.deliveries
        if (sent.message_id, copy.agency_id) == (message, recipient)
    ]
    return found


async def acknowledge_all(office: Office, agency: str, referral: UUID) -> None:
    """Acknowledge all that lies in an inbox, as a system does that follows it."""
    positions = [i["position"] for i in await inbox(office, agency, referral)]
    await office.inboxes.acknowledge(seat(agency), positions, None)


async def give_again(office: Office, how: str, referral: UUID) -> None:
    """Let the probation office give consent again, in one of three ways."""
    claim = {"consent_id": str(uuid4()), "recipients": [CENTER]}
    if how == "confirm_consent":
        await send(office, CENTER, saying(f"{FLOW}.renew_consent", referral, claim))
    bodies: dict[str, dict[str, Any]] = {
        "renew_consent": {},
        "retract_withdrawal": {"consent_ids": [CONSENT_ID]},
        "confirm_consent": {"consent_id": claim["consent_id"]},
    }
    await send(office, PROBATION, saying(f"{FLOW}.{how}", referral, bodies[how]))


@pytest.mark.parametrize("how", ["renew_consent", "retract_withdrawal", "confirm_consent"])
async def test_what_returns_waits_though_its_tombstone_was_acknowledged(
    office: Office, how: str
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await withdraw(office, PROBATION, referral)
    await acknowledge_all(office, CENTER, referral)
    taken = await delivery(office, PROBATION, request, CENTER)
    assert (taken.status, taken.acknowledged_at, taken.acknowledged_by) == ("recalled", None, None)
    await check_counts(office, CENTER)
    await give_again(office, how, referral)
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "waiting"
    assert (await delivery(office, PROBATION, request, CENTER)).status == "waiting"
    await check_counts(office, CENTER)
    # Nothing of it was received: the next withdrawal asks for nothing, and takes it again.
    await withdraw(office, PROBATION, referral)
    assert await requests_to(office, CENTER, referral) == []
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "recalled"
    await check_counts(office, CENTER)


async def test_what_was_acknowledged_before_it_was_taken_back_stays_so(office: Office) -> None:
    referral = await special(office, REQUESTED)
    await acknowledge_all(office, CENTER, referral)
    await withdraw(office, PROBATION, referral)
    await give_again(office, "renew_consent", referral)
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "acknowledged"
    assert await requests_to(office, CENTER, referral)
    await check_counts(office, CENTER)


async def test_a_tombstone_of_a_recall_that_is_acknowledged_was_not_received(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    recaller = seat(PROBATION)
    await office.recalls.recall(recaller, referral, request, RecallReason.WRONG_CONTENT, [CENTER])
    await acknowledge_all(office, CENTER, referral)
    taken = await delivery(office, PROBATION, request, CENTER)
    assert (taken.status, taken.acknowledged_at) == ("recalled", None)
    await withdraw(office, PROBATION, referral)
    assert await requests_to(office, CENTER, referral) == []
    await check_counts(office, CENTER)


async def test_what_only_a_tombstone_was_acknowledged_of_is_recalled_at_once(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await withdraw(office, PROBATION, referral)
    await acknowledge_all(office, CENTER, referral)
    await office.recalls.recall(
        seat(PROBATION), referral, request, RecallReason.WRONG_CONTENT, [CENTER]
    )
    taken = await delivery(office, PROBATION, request, CENTER)
    assert (taken.status, taken.misdirected_disclosure_id) == ("recalled", None)
    await check_counts(office, CENTER)


async def going_on_without(office: Office, urgency: str = "normal") -> tuple[UUID, UUID, UUID]:
    """A parent and a child that go on, and a message that its center may not read any more.

    Consent was withdrawn, and renewed for a class that the message does not have.
    """
    parent, child = await hand_over(office, *TAKEN)
    message = saying("regional_coordination.interview", child, urgency=urgency)
    await send(office, CENTER, message)
    await withdraw(office, PROBATION, parent)
    await send(office, PROBATION, saying(f"{FLOW}.renew_consent", parent, LESS))
    return parent, child, message.id


async def give_below(office: Office, how: str, parent: UUID) -> None:
    """Let the other center read again in a child that goes on."""
    again: dict[str, Any] = {
        "consent_id": str(uuid4()),
        "recipients": [OTHER_CENTER],
        "purpose": "regional",
    }
    if how == "retract_withdrawal":
        again = {"consent_ids": [CONSENT_ID, CONSENT_REGIONAL_ID]}
    await send(office, PROBATION, saying(f"{FLOW}.{how}", parent, again))


@pytest.mark.parametrize("how", ["record_consent", "retract_withdrawal"])
async def test_what_returns_in_a_child_is_notified_behind_what_was_read(
    office: Office, how: str
) -> None:
    parent, child, message = await going_on_without(office)
    items = await inbox(office, OTHER_CENTER, child)
    assert [i["state"] for i in items if i["message_id"] == str(message)] == ["recalled"]
    before = await office.inboxes.status(OTHER_CENTER)
    await give_below(office, how, parent)
    new = [i for i in await inbox(office, OTHER_CENTER, child) if i["position"] > before["head"]]
    # What a retraction changes in the list of consents is notified as well.
    expected = [RETURNED] if how == "record_consent" else [RETURNED, "consent.changed"]
    assert [(i["kind"], i["message_id"], i["from"]) for i in new] == [
        (k, None, None) for k in expected
    ]
    items = await inbox(office, OTHER_CENTER, child)
    assert [i["state"] for i in items if i["message_id"] == str(message)] == ["waiting"]
    await check_counts(office, OTHER_CENTER)


async def test_a_copy_that_a_consent_completes_is_notified(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    await acknowledge_all(office, OTHER_CENTER, child)
    await withdraw(office, PROBATION, parent)
    body = {"release_on": "2027-02-02", "change": "release_date_moved"}
    changed = saying("regional_coordination.change_custody", child, body)
    await send(office, CENTER, changed)
    await acknowledge_all(office, OTHER_CENTER, child)
    await send(office, PROBATION, saying(f"{FLOW}.renew_consent", parent, LESS))
    (opened,) = await office.reading.open(seat(OTHER_CENTER), [changed.id])
    assert opened.withheld
    await give_below(office, "record_consent", parent)
    assert (await inbox(office, OTHER_CENTER, child))[-1]["kind"] == RETURNED
    (opened,) = await office.reading.open(seat(OTHER_CENTER), [changed.id])
    assert opened.withheld == []


async def test_whom_a_message_reaches_is_not_notified_besides(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    await send(office, CENTER, saying("regional_coordination.interview", child))
    await withdraw(office, PROBATION, parent)
    renewed = {"recipients": [CENTER, OTHER_CENTER], "purpose": "regional"}
    await send(office, PROBATION, saying(f"{FLOW}.renew_consent", parent, renewed))
    assert (await inbox(office, OTHER_CENTER, child))[-1]["type"].endswith(".consent_resumed")
    for agency, referral in ((CENTER, parent), (OTHER_CENTER, child)):
        assert RETURNED not in {i["kind"] for i in await inbox(office, agency, referral)}


async def test_others_are_not_notified_of_what_returns(office: Office) -> None:
    parent, child, _ = await going_on_without(office)
    await give_below(office, "record_consent", parent)
    for agency in (CENTER, PROBATION, PRISON):
        assert RETURNED not in {i["kind"] for i in await inbox(office, agency, parent, child)}


async def test_a_notice_as_urgent_as_what_returns_is_sent(office: Office) -> None:
    parent, child, _ = await going_on_without(office, "urgent")
    webhook = await add_webhook(office, OTHER_CENTER, "urgent")
    await give_below(office, "record_consent", parent)
    await office.owner.execute("UPDATE webhook SET state = 'deleted' WHERE id = $1", webhook)
    notices = await office.owner.fetch(
        "SELECT payload FROM notice WHERE webhook_id = $1 AND referral_id = $2", webhook, child
    )
    assert [f'"type":"inbox.{RETURNED}"' in notice["payload"] for notice in notices] == [True]


async def test_the_sender_learns_that_it_has_to_print_again(office: Office) -> None:
    referral = await special(office, REQUESTED)
    connect = "UPDATE agency SET connected = $2 WHERE id = $1"
    await office.owner.execute(connect, CENTER, False)
    await office.owner.execute(
        "UPDATE inbox_item SET to_print = true WHERE agency_id = $1 AND referral_id = $2",
        CENTER,
        referral,
    )
    try:
        await withdraw(office, PROBATION, referral)
        await give_again(office, "renew_consent", referral)
        told = [i for i in await inbox(office, PROBATION, referral) if i["kind"] == RETURNED]
        assert [i["from"] for i in told] == [{"party": "center", "agency_id": CENTER}]
        assert RETURNED not in await kinds(office, PRISON, referral)
    finally:
        await office.owner.execute(connect, CENTER, True)


async def late(office: Office, at: datetime) -> None:
    """Let the worker notify of what is late at that moment."""
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=1) as worker:
        while await Overdue(worker, lambda: at).tell_late():
            pass


async def told_late(
    office: Office, agency: str, message: UUID, recipient: str = CENTER
) -> list[str]:
    """The kinds of items by which an agency was told that a recipient is late with a message."""
    rows = await office.owner.fetch(
        "SELECT kind FROM inbox_item WHERE agency_id = $1 AND message_id = $2"
        " AND $3 IN (agency_id, from_agency) AND kind LIKE 'delivery.%' ORDER BY position",
        agency,
        message,
        recipient,
    )
    return [row["kind"] for row in rows]


async def test_what_returns_has_a_term_of_its_own_from_then_on(office: Office) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await withdraw(office, PROBATION, referral)
    week = timedelta(days=14)
    office.clock.now += week
    try:
        await late(office, office.clock.now)
        assert await told_late(office, CENTER, request) == []
        await give_again(office, "renew_consent", referral)
        due = await delivery(office, PROBATION, request, CENTER)
        assert due.terms == terms(
            "special_adjustment.request_cooperation", "normal", office.clock.now
        )
        assert due.lateness(office.clock.now) is None
        await late(office, office.clock.now)
        assert await told_late(office, CENTER, request) == []
        await late(office, due.terms.overdue_at)
        for agency in (CENTER, PROBATION):
            assert await told_late(office, agency, request) == ["delivery.overdue"]
        await late(office, due.terms.failed_at)
        for agency in (CENTER, PROBATION):
            assert await told_late(office, agency, request) == [
                "delivery.overdue",
                "delivery.failed",
            ]
    finally:
        office.clock.now -= week


async def test_the_term_of_the_others_stays_as_it_was(office: Office) -> None:
    referral = await special(office)
    message = saying(f"{FLOW}.change_custody", referral)
    await send(office, PROBATION, message)
    before = await delivery(office, PROBATION, message.id, PRISON)
    await withdraw(office, PROBATION, referral)
    office.clock.now += timedelta(days=1)
    try:
        await give_again(office, "renew_consent", referral)
        assert await delivery(office, PROBATION, message.id, PRISON) == before
        own = await delivery(office, PROBATION, message.id, CENTER)
        assert own.terms is not None
        assert before.terms is not None
        await late(office, before.terms.overdue_at)
        assert await told_late(office, PRISON, message.id, PRISON) == ["delivery.overdue"]
        assert await told_late(office, CENTER, message.id) == []
    finally:
        office.clock.now -= timedelta(days=1)


async def test_what_is_taken_back_again_is_not_late(office: Office) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await withdraw(office, PROBATION, referral)
    await give_again(office, "renew_consent", referral)
    await withdraw(office, PROBATION, referral)
    await late(office, office.clock.now + timedelta(days=60))
    assert await told_late(office, CENTER, request) == []
    await give_again(office, "retract_withdrawal", referral)
    await late(office, office.clock.now + timedelta(days=60))
    assert await told_late(office, CENTER, request) == TOLD


@pytest.mark.parametrize("urgency", ["normal", "urgent", "same_day"])
@pytest.mark.parametrize("event", ["change_custody", "request", "interview"])
def test_terms_by_kind_are_those_of_every_message(event: str, urgency: str) -> None:
    by_kind = terms_by_kind(START)
    found = by_kind.get(urgency) or by_kind.get(event) or by_kind[USUAL]
    assert found == terms(f"any_flow.{event}", urgency, START)
