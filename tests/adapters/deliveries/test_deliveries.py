"""What a sender learns of what it sent, and whom the service reminds when nobody acknowledges."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.deliveries.deliveries import Tracked
from app.adapters.deliveries.overdue import Overdue
from app.domain.deliveries.delivery import Delivery
from app.domain.deliveries.explanation import NOTICE
from app.domain.deliveries.recall import RecallReason
from app.domain.errors import AlreadyRecalled, Invalid, NotFound, NotToPrint
from app.domain.messages.message import Message, PaperOrigin
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over, special

WRONG = RecallReason.WRONG_CONTENT
PAPER_PRISON, PAPER_OFFICE = "prison-yokohama", "probation-14"


@pytest.fixture(autouse=True)
async def clock_put_back(office: Office) -> AsyncIterator[None]:
    """After each test, notify of all terms that ran out, and reset the clock."""
    yield
    office.clock.now = START + timedelta(days=4000)
    await notify_late(office)
    office.clock.now = START


async def notify_late(office: Office) -> int:
    """Let a worker notify of all that is late; how many terms it looked at."""
    count = 0
    async with asyncpg.create_pool(office.urls.worker, min_size=1, max_size=1) as pool:
        while looked_at := await Overdue(pool, office.clock).tell_late():
            count += looked_at
    return count


async def sent_by_event(office: Office, agency: str, referral: UUID) -> dict[str, Tracked]:
    """What an agency sent in a referral, by event."""
    messages = await office.deliveries.sent_messages(agency, referral, 0, 100)
    return {each.type.partition(".")[2]: each for each in messages}


async def copy_of(office: Office, agency: str, referral: UUID, event: str, to: str) -> Delivery:
    """One recipient's copy, as its sender sees it."""
    tracked = (await sent_by_event(office, agency, referral))[event]
    return next(d for d in tracked.deliveries if d.agency_id == to)


async def position(office: Office, agency: str, message_id: UUID) -> int:
    """The position of a message in an inbox."""
    row = await office.row(
        "SELECT position FROM inbox_item WHERE agency_id = $1 AND message_id = $2"
        " AND kind = 'message'",
        agency,
        message_id,
    )
    number: int = row["position"]
    return number


async def reminders(office: Office, agency: str, referral: UUID) -> list[tuple[str, str, str]]:
    """Of what an agency was reminded in a referral: kind, event, and the other side."""
    rows = await office.owner.fetch(
        "SELECT kind, type, from_agency FROM inbox_item WHERE agency_id = $1"
        " AND referral_id = $2 AND kind LIKE 'delivery.%' ORDER BY position",
        agency,
        referral,
    )
    return [(r["kind"], r["type"].partition(".")[2], r["from_agency"]) for r in rows]


async def on_paper(office: Office) -> tuple[UUID, Message]:
    """A case whose institution is not connected, and a message to it that waits to be printed."""
    opening = saying(
        "special_adjustment.notify_candidate",
        to={"institution": PAPER_PRISON},
        paper_origin=PaperOrigin(date(2026, 11, 20), "paper", "5" * 64),
    )
    await office.exchange.accept(opening, seat(PAPER_OFFICE))
    start = saying("special_adjustment.start_selection", opening.id)
    await office.exchange.accept(start, seat(PAPER_OFFICE))
    return opening.id, start


async def mark_notified(office: Office, agency: str, message_id: UUID, at: datetime) -> None:
    """Write that a courier has delivered a notice of a message to this agency."""
    webhook, notice = uuid4(), uuid4()
    names = (f"{agency}.{webhook}", agency)
    async with office.owner.acquire() as c, c.transaction():
        await c.execute("INSERT INTO client VALUES ($1, $2, 's', NULL, NULL, now())", *names)
        await c.execute("INSERT INTO seat VALUES ($1, $2, 's', 'decider', '{C0}', now())", *names)
        await c.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at,"
            " changed_at) VALUES ($1, $2, $3, $3, 'https://a.test', 'deleted', $4, $4)",
            webhook,
            agency,
            names[0],
            at,
        )
        await c.execute(
            "INSERT INTO notice (id, webhook_id, agency_id, position, message_id, payload,"
            " created_at, since, due_at, state, settled_at)"
            " VALUES ($1, $2, $3, $4, $5, '{}', $6, $6, $6, 'delivered', $6)",
            notice,
            webhook,
            agency,
            await position(office, agency, message_id),
            message_id,
            at,
        )
        for number, outcome in ((1, "timeout"), (2, "delivered"), (3, "delivered")):
            await c.execute(
                "INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                notice,
                number,
                webhook,
                agency,
                at + timedelta(seconds=number),
                outcome,
            )


async def test_the_sender_sees_each_copy_wait_be_opened_and_be_acknowledged(
    office: Office,
) -> None:
    referral = await special(office, ())
    waiting = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert waiting.status == "waiting"
    await mark_notified(office, PROBATION, referral, office.clock())
    known = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert (known.status, known.notified_at) == ("notified", START + timedelta(seconds=2))
    await office.reading.open(seat(PROBATION, "case_worker"), [referral])
    opened = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert (opened.status, opened.opened_at) == ("opened", START)
    at = await position(office, PROBATION, referral)
    await office.inboxes.acknowledge(seat(PROBATION), [at], None)
    copy = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert (copy.status, copy.acknowledged_by) == ("acknowledged", f"{PROBATION}.decider")


async def test_an_agency_is_told_of_its_own_messages_only(office: Office) -> None:
    referral = await special(office)
    assert set(await sent_by_event(office, PRISON, referral)) == {"notify_candidate"}
    assert set(await sent_by_event(office, CENTER, referral)) == {"accept"}
    assert "accept" not in await sent_by_event(office, PROBATION, referral)
    for stranger, place in ((OTHER_CENTER, referral), (PRISON, uuid4())):
        with pytest.raises(NotFound):
            await office.deliveries.sent_messages(stranger, place, 0, 10)


async def test_pages_of_deliveries_follow_each_other(office: Office) -> None:
    referral = await special(office)
    everything = await office.deliveries.sent_messages(PROBATION, referral, 0, 100)
    paged: list[Tracked] = []
    while page := await office.deliveries.sent_messages(
        PROBATION, referral, paged[-1].number if paged else 0, 2
    ):
        paged += page
    assert paged == list(everything)
    assert len(paged) == 4


async def test_to_ask_for_a_message_without_opening_any_of_it_is_no_opening(
    office: Office,
) -> None:
    referral = await special(office, ())
    nothing = seat(PROBATION)
    blind = type(nothing)(
        nothing.client_id,
        PROBATION,
        nothing.seat_id,
        "auditor",
        nothing.scopes,
        frozenset(),
        decides=False,
    )
    await office.reading.open(blind, [referral])
    copy = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert copy.status == "waiting"


async def test_an_agency_that_was_disabled_cannot_be_reached(office: Office) -> None:
    referral = await special(office, ())
    await office.owner.execute("UPDATE agency SET disabled_at = now() WHERE id = $1", PROBATION)
    try:
        copy = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
        assert (copy.status, copy.undeliverable) == ("undeliverable", "agency_disabled")
        office.clock.now = START + timedelta(days=10)
        await notify_late(office)
        assert await reminders(office, PROBATION, referral) == []
        assert len(await reminders(office, PRISON, referral)) == 2
    finally:
        await office.owner.execute("UPDATE agency SET disabled_at = NULL WHERE id = $1", PROBATION)


async def test_a_part_that_ended_makes_undeliverable_only_once_the_sender_knows(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"), (CENTER, "offer_transfer"))
    parent, child = await hand_over(office, *taken)
    before = await sent_by_event(office, PRISON, parent)
    await office.exchange.accept(
        saying("regional_coordination.accept_transfer", child), seat(OTHER_CENTER)
    )
    # The office learns that the center has changed. Its messages to the old one stay there.
    late = await copy_of(office, PROBATION, parent, "request_cooperation", CENTER)
    assert (late.status, late.undeliverable) == ("undeliverable", "party_ended")
    assert await sent_by_event(office, PRISON, parent) == before


async def test_paper_is_printed_when_a_seat_says_so_and_not_when_its_sheet_is_opened(
    office: Office,
) -> None:
    referral, message = await on_paper(office)

    async def copy() -> Delivery:
        return await copy_of(office, PAPER_OFFICE, referral, "start_selection", PAPER_PRISON)

    assert (await copy()).status == "to_print"
    await office.reading.open(seat(PAPER_OFFICE), [message.id])
    assert (await copy()).status == "to_print"
    worker = seat(PAPER_OFFICE, "case_worker")
    (printed,) = await office.deliveries.mark_printed(worker, referral, message.id, None)
    assert printed.printed_by == f"{PAPER_OFFICE}.case_worker"
    assert (await copy()).status == "printed"
    office.clock.now += timedelta(hours=1)
    again = await office.deliveries.mark_printed(
        seat(PAPER_OFFICE), referral, message.id, [PAPER_PRISON]
    )
    assert list(again) == [printed]
    entry = await office.owner.fetch(
        "SELECT agencies, seat_id FROM log_entry WHERE kind = 'printing' AND message_id = $1",
        message.id,
    )
    assert [(e["agencies"], e["seat_id"]) for e in entry] == [
        ([PAPER_PRISON, PAPER_OFFICE], f"{PAPER_OFFICE}.case_worker")
    ]


async def test_nothing_else_is_printed(office: Office) -> None:
    referral, message = await on_paper(office)
    connected = await special(office, ())
    with pytest.raises(NotToPrint):
        await office.deliveries.mark_printed(seat(PRISON), connected, connected, None)
    with pytest.raises(NotFound):
        await office.deliveries.mark_printed(seat(PROBATION), connected, connected, None)
    with pytest.raises(NotFound):
        await office.deliveries.mark_printed(seat(PAPER_OFFICE), connected, message.id, None)
    with pytest.raises(Invalid):
        await office.deliveries.mark_printed(seat(PAPER_OFFICE), referral, message.id, [PROBATION])
    await office.recalls.recall(seat(PAPER_OFFICE), referral, message.id, WRONG, None)
    with pytest.raises(AlreadyRecalled):
        await office.deliveries.mark_printed(seat(PAPER_OFFICE), referral, message.id, None)


async def test_what_nobody_acknowledges_is_overdue_for_both_sides_and_then_has_failed(
    office: Office,
) -> None:
    opening = saying("special_adjustment.notify_candidate", urgency="urgent")
    await office.exchange.accept(opening, seat(PRISON))
    office.clock.now = START + timedelta(hours=4) - timedelta(seconds=1)
    assert await notify_late(office) == 0
    office.clock.now = START + timedelta(hours=4)
    await notify_late(office)
    await notify_late(office)
    overdue = ("delivery.overdue", "notify_candidate")
    assert await reminders(office, PRISON, opening.id) == [(*overdue, PROBATION)]
    assert await reminders(office, PROBATION, opening.id) == [(*overdue, PRISON)]
    office.clock.now = START + timedelta(hours=8)
    await notify_late(office)
    failed = ("delivery.failed", "notify_candidate")
    for agency, other in ((PRISON, PROBATION), (PROBATION, PRISON)):
        expected = [(*overdue, other), (*failed, other)]
        assert await reminders(office, agency, opening.id) == expected
    at = await position(office, PROBATION, opening.id)
    await office.inboxes.acknowledge(seat(PROBATION), [at], None)
    copy = await copy_of(office, PRISON, opening.id, "notify_candidate", PROBATION)
    assert (copy.status, copy.lateness(office.clock())) == ("acknowledged", "failed")
    assert len(await reminders(office, PRISON, opening.id)) == 2


async def test_what_is_acknowledged_in_time_reminds_nobody(office: Office) -> None:
    referral = await special(office, ())
    at = await position(office, PROBATION, referral)
    await office.inboxes.acknowledge(seat(PROBATION), [at], None)
    office.clock.now = START + timedelta(days=30)
    await notify_late(office)
    assert await reminders(office, PRISON, referral) == []
    assert await reminders(office, PROBATION, referral) == []


async def test_paper_is_overdue_until_it_is_printed_and_reminds_its_sender_alone(
    office: Office,
) -> None:
    referral, message = await on_paper(office)
    other, printed = await on_paper(office)
    await office.deliveries.mark_printed(seat(PAPER_OFFICE), other, printed.id, None)
    office.clock.now = START + timedelta(days=30)
    await notify_late(office)
    mine = [r for r in await reminders(office, PAPER_OFFICE, referral) if r[1] == "start_selection"]
    assert [kind for kind, _, _ in mine] == ["delivery.overdue", "delivery.failed"]
    assert await reminders(office, PAPER_PRISON, referral) == []
    keyed = [r for r in await reminders(office, PAPER_OFFICE, referral) if r not in mine]
    assert [(kind, other) for kind, _, other in keyed] == [
        ("delivery.overdue", PAPER_PRISON),  # one reminder of a message that it keyed in itself
        ("delivery.failed", PAPER_PRISON),
    ]
    others = await reminders(office, PAPER_OFFICE, other)
    assert [r for r in others if r[1] == "start_selection"] == []
    assert message.id != printed.id


async def test_a_reminder_names_no_person_and_nobody_who_is_not_concerned(office: Office) -> None:
    referral = await special(office)
    office.clock.now = START + timedelta(days=30)
    await notify_late(office)
    page = json.loads(await office.inboxes.read(CENTER, 0, 100_000, 0, unacknowledged=False))
    items: list[dict[str, Any]] = [
        i
        for i in page["items"]
        if i["referral_id"] == str(referral) and i["kind"].startswith("delivery.")
    ]
    assert {(i["type"].partition(".")[2], i["from"]["agency_id"]) for i in items} == {
        ("request_cooperation", PROBATION),
        ("accept", PROBATION),
        ("accept", PRISON),
    }


async def test_many_workers_remind_once(office: Office) -> None:
    referrals = [await special(office, ()) for _ in range(20)]
    office.clock.now = START + timedelta(days=5)
    workers = [Overdue(office.owner, office.clock) for _ in range(4)]

    async def work(worker: Overdue) -> None:
        while await worker.tell_late():
            pass

    await asyncio.gather(*(work(w) for w in workers))
    for referral in referrals:
        kinds = [kind for kind, _, _ in await reminders(office, PRISON, referral)]
        assert kinds == ["delivery.overdue"]


async def test_a_worker_that_was_away_tells_overdue_before_failed(office: Office) -> None:
    referral = await special(office, ())
    office.clock.now = START + timedelta(days=60)
    await notify_late(office)
    kinds = [kind for kind, _, _ in await reminders(office, PRISON, referral)]
    assert kinds == ["delivery.overdue", "delivery.failed"]


async def test_a_message_is_explained_to_its_sender_and_its_recipients_and_to_nobody_else(
    office: Office,
) -> None:
    referral = await special(office)
    request = (await sent_by_event(office, PROBATION, referral))["request_cooperation"]
    await mark_notified(office, CENTER, request.message_id, office.clock())
    mine = await office.deliveries.explain(PROBATION, referral, request.message_id)
    assert mine.is_sender
    assert {d.agency_id for d in mine.tracked.deliveries} == {CENTER, PRISON}
    assert mine.notices == []
    theirs = await office.deliveries.explain(CENTER, referral, request.message_id)
    assert not theirs.is_sender
    assert [d.agency_id for d in theirs.tracked.deliveries] == [CENTER]
    (notice,) = theirs.notices
    assert [a["outcome"] for a in notice["attempts"]] == ["timeout", "delivered", "delivered"]
    for agency, place in ((OTHER_CENTER, referral), (PROBATION, uuid4())):
        with pytest.raises(NotFound):
            await office.deliveries.explain(agency, place, request.message_id)


async def test_the_service_s_own_messages_remind_their_recipients_alone(office: Office) -> None:
    parent, _ = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    office.clock.now = START + timedelta(days=30)
    await notify_late(office)
    event = await office.row(
        "SELECT id, recipients FROM message WHERE referral_id = $1 AND from_party = 'sys'", parent
    )
    rows = await office.owner.fetch(
        "SELECT agency_id, from_agency FROM inbox_item WHERE message_id = $1"
        " AND kind = 'delivery.overdue'",
        event["id"],
    )
    told_to = {r["agency_id"] for r in json.loads(event["recipients"])}
    assert {r["agency_id"] for r in rows} == told_to
    assert {r["from_agency"] for r in rows} == {None}


async def test_there_are_words_for_every_reason_not_to_notify(office: Office) -> None:
    rows = await office.owner.fetch(
        "SELECT prosrc FROM pg_proc WHERE proname IN ('claim_notices', 'voucher_gone')"
    )
    reasons = {r for row in rows for r in re.findall(r"THEN '([a-z_]+)'", row["prosrc"])}
    assert "consent_withdrawn" in reasons
    assert reasons <= set(NOTICE)


async def test_what_is_said_can_make_a_message_urgent_though_its_sender_did_not_say_so(
    office: Office,
) -> None:
    held = {"custody_stage": "detained_suspect"}
    opening = saying("suspect_support.consult", None, held)
    await office.exchange.accept(opening, seat("prosecutor-13"))
    term = await office.row("SELECT * FROM delivery_term WHERE message_id = $1", opening.id)
    assert term["overdue_at"] - office.clock() == timedelta(hours=4)
