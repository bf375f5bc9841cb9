"""Taking a message back: a tombstone before it was opened, a misdirected disclosure afterwards."""

import asyncio
import json
import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.deliveries.recalls import Recall
from app.api.referrals import views
from app.domain.classes import DataClass
from app.domain.deliveries.recall import RecallReason
from app.domain.errors import (
    AlreadyRecalled,
    Invalid,
    NotFound,
    RecallByRequest,
    RecallImpossible,
)
from tests.adapters.deliveries.test_deliveries import copy_of, on_paper, position
from tests.support.callers import START, caller_with, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over, special
from tests.support.races import expect_both_orders

COUNSEL = "bar-13-tokyo"
WRONG = RecallReason.WRONG_RECIPIENT
ROUNDS = 60


async def request_of(office: Office, referral: UUID) -> UUID:
    """The request for cooperation in a referral: from the office to the center and the prison."""
    query = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.request_cooperation'"
    message_id: UUID = await office.owner.fetchval(query, referral)
    return message_id


async def recall(
    office: Office,
    agency: str,
    referral: UUID,
    message: UUID,
    recipients: list[str] | None = None,
) -> list[Recall]:
    """Recall a message from these recipients, or from all, because of wrong content."""
    outcome = await office.recalls.recall(seat(agency), referral, message, WRONG, recipients)
    return list(outcome.recalls)


async def items(office: Office, agency: str, message: UUID) -> list[dict[str, Any]]:
    """What an agency's inbox says of a message."""
    page = json.loads(await office.inboxes.read(agency, 0, 100_000, 0, unacknowledged=False))
    return [item for item in page["items"] if item["message_id"] == str(message)]


async def all_visible(office: Office, agency: str, referrals: list[UUID]) -> str:
    """All that an agency can see of some referrals, as text."""
    visible: list[Any] = []
    for referral in referrals:
        try:
            visible.append(await office.reading.referral(agency, referral))
            listed = await office.reading.messages(agency, referral, 0, 100)
            visible.append(listed)
            visible.append(await office.deliveries.sent_messages(agency, referral, 0, 100))
            opened = await office.reading.open(seat(agency), [UUID(m["id"]) for m in listed])
            visible.append([views.message(each) for each in opened])
        except NotFound:
            visible.append(None)
    visible.append(await office.inboxes.read(agency, 0, 100_000, 0, unacknowledged=False))
    visible.append(await office.inboxes.status(agency))
    visible.append(await office.recalls.misdirected_disclosures(agency, None, 1000))
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.agency', $1, true)", agency)
        visible.append(
            await connection.fetch("SELECT * FROM log_entry WHERE kind = 'recall' ORDER BY id")
        )
        visible.append(await connection.fetch("SELECT * FROM recall ORDER BY id"))
    return repr(visible)


async def recalls_known_to(office: Office, agency: str, message: UUID) -> str:
    """What row security lets an agency see of the recalls of a message, in table and log."""
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.agency', $1, true)", agency)
        rows = await connection.fetch("SELECT * FROM recall WHERE message_id = $1", message)
        entries = await connection.fetch(
            "SELECT * FROM log_entry WHERE kind = 'recall' AND message_id = $1", message
        )
    assert rows
    assert entries
    return repr([*rows, *entries])


async def test_an_unopened_message_becomes_a_tombstone(office: Office) -> None:
    referral = await special(office, ())
    (recalled,) = await recall(office, PRISON, referral, referral)
    assert (recalled.recipient_agency, recalled.openings, recalled.clocks) == (PROBATION, [], None)
    tombstone, note = await items(office, PROBATION, referral)
    assert (tombstone["kind"], tombstone["state"]) == ("message", "recalled")
    assert (note["kind"], note["from"]["agency_id"]) == ("message.recalled", PRISON)
    (withheld,) = await office.reading.open(seat(PROBATION), [referral])
    assert withheld.body == {}
    assert {reason for _, reason in withheld.withheld} == {"recalled"}
    assert DataClass.C0 in dict(withheld.withheld)
    (own,) = await office.reading.open(seat(PRISON), [referral])
    assert own.withheld == []
    copy = await copy_of(office, PRISON, referral, "notify_candidate", PROBATION)
    assert (copy.status, copy.opened_at, copy.recall_reason) == ("recalled", None, WRONG)
    assert copy.misdirected_disclosure_id is None


async def test_the_recall_is_on_the_log_for_both_sides(office: Office) -> None:
    referral = await special(office, ())
    await recall(office, PRISON, referral, referral)
    entry = await office.row(
        "SELECT * FROM log_entry WHERE message_id = $1 AND kind = 'recall'", referral
    )
    assert entry["agencies"] == [PRISON, PROBATION]
    assert entry["seat_id"] == f"{PRISON}.decider"
    assert json.loads(entry["detail"]) == {
        "from": PROBATION,
        "reason": WRONG,
        "disclosed": False,
    }


async def test_an_opened_message_is_a_misdirected_disclosure_with_its_facts_and_clocks(
    office: Office,
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    (opened,) = await office.reading.open(seat(CENTER, "case_worker"), [request])
    recalls = {r.recipient_agency: r for r in await recall(office, PROBATION, referral, request)}
    assert recalls[PRISON].clocks is None
    theirs = recalls[CENTER]
    assert [(o.how, o.seat_id, o.at) for o in theirs.openings] == [
        ("opened", f"{CENTER}.case_worker", START)
    ]
    assert set(theirs.openings[0].classes) == {c.value for c in opened.salts}
    assert theirs.clocks is not None
    assert theirs.clocks.preliminary_by == date(2026, 11, 27)
    assert theirs.clocks.final_by == date(2026, 12, 22)
    for agency, other in ((CENTER, PROBATION), (PROBATION, CENTER)):
        notes = [i for i in await items(office, agency, request) if "misdirected" in i["kind"]]
        assert [i["from"]["agency_id"] for i in notes] == [other]
        listed = await office.recalls.misdirected_disclosures(agency, None, 10)
        assert theirs in listed
        assert await office.recalls.misdirected_disclosure(agency, theirs.id) == theirs
    for agency in (PRISON, OTHER_CENTER):
        with pytest.raises(NotFound):
            await office.recalls.misdirected_disclosure(agency, theirs.id)
    (again,) = await office.reading.open(seat(CENTER), [request])
    assert again.body == {}
    copy = await copy_of(office, PROBATION, referral, "request_cooperation", CENTER)
    assert (copy.status, copy.misdirected_disclosure_id) == ("recalled", theirs.id)


async def test_misdirected_disclosures_come_in_pages_the_last_one_first(office: Office) -> None:
    ids: list[UUID] = []
    for _ in range(3):
        referral = await special(office, ())
        await office.reading.open(seat(PROBATION), [referral])
        office.clock.now += timedelta(minutes=1)
        (recalled,) = await recall(office, PRISON, referral, referral)
        ids.append(recalled.id)
    office.clock.now = START
    first = await office.recalls.misdirected_disclosures(PRISON, None, 2)
    assert [f.id for f in first] == [ids[2], ids[1]]
    last = first[-1]
    following = await office.recalls.misdirected_disclosures(PRISON, (last.recalled_at, last.id), 1)
    assert [f.id for f in following] == [ids[0]]


async def test_paper_that_was_printed_has_left_the_house(office: Office) -> None:
    referral, message = await on_paper(office)
    await office.deliveries.mark_printed(seat("probation-14"), referral, message.id, None)
    (recalled,) = await recall(office, "probation-14", referral, message.id)
    assert [(o.how, o.seat_id) for o in recalled.openings] == [("printed", "probation-14.decider")]
    assert "C0" in recalled.openings[0].classes
    assert recalled.clocks is not None


async def test_a_recall_said_twice_is_one_and_for_another_reason_is_refused(
    office: Office,
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    caller = seat(PROBATION)
    (only,) = (await office.recalls.recall(caller, referral, request, WRONG, [CENTER])).recalls
    office.clock.now += timedelta(hours=1)
    again = (await office.recalls.recall(caller, referral, request, WRONG, [CENTER])).recalls
    everybody = await recall(office, PROBATION, referral, request)
    office.clock.now = START
    assert list(again) == [only]
    assert only in everybody
    assert {r.recipient_agency for r in everybody} == {CENTER, PRISON}
    with pytest.raises(AlreadyRecalled):
        await office.recalls.recall(caller, referral, request, RecallReason.TOO_MUCH, None)
    kinds = [i["kind"] for i in await items(office, CENTER, request)]
    assert kinds.count("message.recalled") == 1


async def test_only_the_sender_recalls_and_only_from_its_recipients(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    for agency, place in ((CENTER, referral), (OTHER_CENTER, referral), (PROBATION, uuid4())):
        with pytest.raises(NotFound):
            await recall(office, agency, place, request)
    with pytest.raises(Invalid):
        await office.recalls.recall(seat(PROBATION), referral, request, WRONG, [OTHER_CENTER])
    copy = await copy_of(office, PROBATION, referral, "request_cooperation", CENTER)
    assert copy.recalled_at is None


async def test_a_recall_moves_nothing_back(office: Office) -> None:
    referral = await special(office)
    before = (await office.reading.referral(CENTER, referral)).reader.view
    await recall(office, PROBATION, referral, await request_of(office, referral))
    after = (await office.reading.referral(CENTER, referral)).reader.view
    assert replace(after, facts={}) == replace(before, facts={})
    await office.exchange.accept(saying("special_adjustment.interview", referral), seat(CENTER))


async def test_queued_notices_are_cancelled(office: Office) -> None:
    referral = await special(office, ())
    webhook, seat_id = uuid4(), f"{PROBATION}.hooked"
    async with office.owner.acquire() as c, c.transaction():
        await c.execute(
            "INSERT INTO client VALUES ($1, $2, 's', NULL, NULL, now())", seat_id, PROBATION
        )
        await c.execute(
            "INSERT INTO seat VALUES ($1, $2, 's', 'decider', '{C0}', now())", seat_id, PROBATION
        )
        await c.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at,"
            " changed_at) VALUES ($1, $2, $3, $3, 'https://a.test', 'paused', now(), now())",
            webhook,
            PROBATION,
            seat_id,
        )
    message = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(message, seat(PRISON))
    await recall(office, PRISON, message.id, message.id)
    await office.owner.execute("UPDATE webhook SET state = 'deleted' WHERE id = $1", webhook)
    rows = await office.owner.fetch(
        "SELECT payload::jsonb -> 'data' ->> 'kind' AS kind, state, reason FROM notice"
        " WHERE webhook_id = $1 ORDER BY position",
        webhook,
    )
    assert [tuple(row) for row in rows] == [
        ("message", "cancelled", "recalled"),
        ("message.recalled", "pending", None),
    ]
    explained = await office.deliveries.explain(PROBATION, message.id, message.id)
    assert [n["reason"] for n in explained.notices] == ["recalled"]
    assert referral != message.id


async def test_nobody_but_those_concerned_sees_anything_of_a_recall(office: Office) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    task = saying("regional_coordination.interview", child)
    await office.exchange.accept(task, seat(CENTER))
    await office.reading.open(seat(OTHER_CENTER), [task.id])
    others = (PRISON, PROBATION, "prosecutor-13", "center-14")
    for agency in others:  # opening is on the record too: let it be there before
        await all_visible(office, agency, [parent, child])
    before = [await all_visible(office, agency, [parent, child]) for agency in others]
    await recall(office, CENTER, child, task.id)
    assert [await all_visible(office, agency, [parent, child]) for agency in others] == before


async def test_whoever_was_shown_a_message_loses_it_too_and_the_sender_hears_nothing_of_them(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    request = await request_of(office, parent)
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(offer, seat(CENTER))
    for place in (parent, child):  # it waits in no inbox of theirs, so nothing is to be explained
        with pytest.raises(NotFound):
            await office.deliveries.explain(OTHER_CENTER, place, request)
    recalls = await recall(office, PROBATION, parent, request)
    assert OTHER_CENTER not in {r.recipient_agency for r in recalls}
    assert OTHER_CENTER not in await recalls_known_to(office, PROBATION, request)
    assert OTHER_CENTER in await recalls_known_to(office, OTHER_CENTER, request)
    own_inbox = json.dumps(await items(office, PROBATION, request))
    assert OTHER_CENTER not in own_inbox
    (item,) = await items(office, OTHER_CENTER, request)
    assert (item["kind"], item["referral_id"]) == ("message.recalled", str(child))
    (lost,) = await office.reading.open(seat(OTHER_CENTER), [request])
    assert lost.body == {}


async def test_a_shown_message_that_was_opened_is_a_disclosure_and_names_no_hidden_referral(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    request = await request_of(office, parent)
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(offer, seat(CENTER))
    await office.reading.open(seat(OTHER_CENTER), [request])
    recalls = {r.recipient_agency: r for r in await recall(office, PROBATION, parent, request)}
    theirs = recalls[OTHER_CENTER]
    assert theirs.clocks is not None
    assert (theirs.recipient_party, theirs.referral_id) == (None, parent)
    notes = [i for i in await items(office, PROBATION, request) if "misdirected" in i["kind"]]
    assert str(child) not in json.dumps(notes)


async def test_a_recalled_message_is_neither_shown_on_nor_corrected_to_whoever_lost_it(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    request = await request_of(office, parent)
    await office.recalls.recall(seat(PROBATION), parent, request, WRONG, [CENTER])
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    with pytest.raises(Invalid) as refused:
        await office.exchange.accept(offer, seat(CENTER))
    assert refused.value.facts["errors"] == [
        {"pointer": "/shared_messages/0", "reason": "unknown_message"}
    ]
    correction = saying("special_adjustment.request_cooperation", parent, corrects=request)
    await office.exchange.accept(correction, seat(PROBATION))
    readers = await office.owner.fetch(
        "SELECT agency_id FROM copy WHERE message_id = $1", correction.id
    )
    assert {row["agency_id"] for row in readers} == {PROBATION, PRISON}


async def test_the_counts_of_the_inbox_hold_after_recalls(office: Office) -> None:
    opened, acknowledged, waiting = [await special(office, ()) for _ in range(3)]
    before = await office.inboxes.status(PROBATION)
    await office.reading.open(seat(PROBATION), [opened])
    at = await position(office, PROBATION, acknowledged)
    await office.inboxes.acknowledge(seat(PROBATION), [at], None)
    for referral in (opened, acknowledged, waiting):
        await recall(office, PRISON, referral, referral)
    places = [await position(office, PROBATION, r) for r in (opened, acknowledged, waiting)]
    await office.inboxes.acknowledge(seat(PROBATION), places, None)
    status = await office.inboxes.status(PROBATION)
    counted = await office.row(
        "SELECT count(*) FILTER (WHERE opened_at IS NULL AND acknowledged_at IS NULL"
        " AND recalled_at IS NULL) AS waiting,"
        " count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged"
        " FROM inbox_item WHERE agency_id = $1",
        PROBATION,
    )
    assert status["counts"]["waiting"] == counted["waiting"]
    assert status["counts"]["unacknowledged"] == counted["unacknowledged"]
    assert status["counts"]["waiting"] == before["counts"]["waiting"]  # three less, three notes


async def test_of_a_recall_and_an_opening_at_once_each_is_before_or_after_the_other(
    office: Office,
) -> None:
    await expect_both_orders(lambda: _race(office), ROUNDS)


async def _race(office: Office) -> bool:
    """Whether the opening came first. Both sides agree on it."""
    referral = await special(office, ())

    async def open_it() -> bool:
        await asyncio.sleep(random.random() * 0.004)  # chance, not synchronisation
        (opened,) = await office.reading.open(seat(PROBATION), [referral])
        return bool(opened.body)

    async def take_back() -> Recall:
        await asyncio.sleep(random.random() * 0.004)
        (recalled,) = await recall(office, PRISON, referral, referral)
        return recalled

    taking = asyncio.create_task(take_back())
    read = await asyncio.gather(*(open_it() for _ in range(3)))
    recalled = await taking
    row = await office.row(
        "SELECT opened_at, recalled_at FROM inbox_item WHERE agency_id = $1 AND message_id = $2"
        " AND kind = 'message'",
        PROBATION,
        referral,
    )
    assert row["recalled_at"] is not None
    assert (row["opened_at"] is not None) == any(read) == (recalled.clocks is not None)
    assert sum(opening.count for opening in recalled.openings) == sum(read)
    return any(read)


async def test_of_a_recall_and_a_printing_at_once_each_is_before_or_after_the_other(
    office: Office,
) -> None:
    await expect_both_orders(lambda: _race_with_printer(office), ROUNDS)


async def _race_with_printer(office: Office) -> bool:
    """Whether the paper was printed first. The record of the recall knows."""
    referral, message = await on_paper(office)
    caller = seat("probation-14")

    async def print_it() -> bool:
        await asyncio.sleep(random.random() * 0.004)  # chance, not synchronisation
        try:
            return bool(await office.deliveries.mark_printed(caller, referral, message.id, None))
        except AlreadyRecalled:
            return False

    async def take_back() -> Recall:
        await asyncio.sleep(random.random() * 0.004)
        (recalled,) = await recall(office, "probation-14", referral, message.id)
        return recalled

    taking = asyncio.create_task(take_back())
    printed = await print_it()
    assert printed == ((await taking).clocks is not None)
    return printed


async def test_recalls_and_acknowledgements_and_sends_at_once_do_not_wait_in_a_ring(
    office: Office,
) -> None:
    cases = [await special(office) for _ in range(8)]

    async def trouble(referral: UUID) -> None:
        request = await request_of(office, referral)
        await asyncio.gather(
            recall(office, PROBATION, referral, request),
            recall(office, PROBATION, referral, request),
            office.inboxes.acknowledge(
                seat(CENTER), [await position(office, CENTER, request)], None
            ),
            office.exchange.accept(saying("special_adjustment.interview", referral), seat(CENTER)),
            office.reading.open(seat(CENTER), [request]),
        )
        kinds = [i["kind"] for i in await items(office, PRISON, request)]
        assert kinds.count("message.recalled") == 1

    await asyncio.gather(*(trouble(r) for r in cases))
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await office.owner.fetchval(deadlocks) == 0


async def facts_of(office: Office, agency: str, referral: UUID) -> dict[str, Any]:
    """The facts that an agency sees of a referral."""
    return dict((await office.reading.referral(agency, referral)).reader.view.facts)


async def days_of(office: Office, agency: str, referral: UUID) -> set[str]:
    """The kinds of deadlines that an agency has in a referral."""
    days = await office.deadlines.page(agency, None, 10_000)
    return {d["kind"] for d in days if d["referral_id"] == str(referral)}


async def move_release(
    office: Office, referral: UUID, day: str, corrects: UUID | None = None
) -> UUID:
    """The prison states another day of release; the id of its message."""
    moved = {"release_on": day, "new": day}
    change = saying("special_adjustment.change_custody", referral, moved, corrects=corrects)
    await office.exchange.accept(change, seat(PRISON))
    return change.id


async def test_a_recalled_message_takes_what_it_alone_made_known_with_it(office: Office) -> None:
    referral = await special(office)
    assert "release_on" in await facts_of(office, CENTER, referral)
    assert "release_on" in await days_of(office, CENTER, referral)
    await recall(office, PROBATION, referral, await request_of(office, referral))
    assert "release_on" not in await facts_of(office, CENTER, referral)
    assert "release_on" not in await days_of(office, CENTER, referral)
    assert "release_on" in await facts_of(office, PROBATION, referral)


async def transfer_office(office: Office, referral: UUID) -> str:
    """Let another probation office take over the part of the present one."""
    to = {"probation_office": "probation-27"}
    transfer = saying("special_adjustment.transfer_office", referral, to=to)
    await office.exchange.accept(transfer, seat(PROBATION))
    return to["probation_office"]


async def test_a_recalled_message_takes_what_it_told_a_successor_with_it(office: Office) -> None:
    referral = await special(office)
    released = saying("special_adjustment.released", referral)
    await office.exchange.accept(released, seat(PRISON))
    successor = await transfer_office(office, referral)
    before = await facts_of(office, successor, referral)
    assert "released_on" in before
    await recall(office, PRISON, referral, released.id)
    after = {name: fact for name, fact in before.items() if name != "released_on"}
    assert await facts_of(office, successor, referral) == {**after, "custody_stage": "serving"}


async def test_a_recall_leaves_a_successor_what_its_predecessor_was_told_elsewhere(
    office: Office,
) -> None:
    referral = await special(office)
    change = await move_release(office, referral, "2027-01-29")
    successor = await transfer_office(office, referral)
    newer = await move_release(office, referral, "2027-02-26")
    for message in (newer, change):
        await recall(office, PRISON, referral, message)
    assert await day_known(office, successor, referral) == "2027-03-15"


async def test_a_recall_gives_a_successor_what_its_predecessor_was_told_before(
    office: Office,
) -> None:
    referral = await special(office)
    await move_release(office, referral, "2027-01-22")
    change = await move_release(office, referral, "2027-01-29")
    successor = await transfer_office(office, referral)
    await recall(office, PRISON, referral, change)
    assert await day_known(office, successor, referral) == "2027-01-22"


async def day_known(office: Office, agency: str, referral: UUID) -> str | None:
    """The day of release in an agency's view, which its deadlines say as well."""
    days = await office.deadlines.page(agency, None, 10_000)
    mine = (d for d in days if (d["referral_id"], d["kind"]) == (str(referral), "release_on"))
    known = (await facts_of(office, agency, referral)).get("release_on")
    assert [str(d["due_on"]) for d in mine] == ([known] if known else [])
    return known


async def test_a_recall_gives_back_what_the_newest_message_before_it_says(office: Office) -> None:
    referral = await special(office)
    older = await move_release(office, referral, "2027-01-22")
    newer = await move_release(office, referral, "2027-02-26")
    await recall(office, PRISON, referral, newer)
    assert await day_known(office, CENTER, referral) == "2027-01-22"
    assert await day_known(office, PROBATION, referral) == "2027-01-22"
    await recall(office, PRISON, referral, older, recipients=[CENTER])
    # The request of the probation office said a day as well.
    assert await day_known(office, CENTER, referral) == "2027-03-15"
    assert await day_known(office, PROBATION, referral) == "2027-01-22"


async def test_a_recall_of_an_older_message_changes_nothing(office: Office) -> None:
    referral = await special(office)
    older = await move_release(office, referral, "2027-01-22")
    await move_release(office, referral, "2027-02-26")
    await recall(office, PRISON, referral, older)
    for agency in (CENTER, PROBATION):
        assert await day_known(office, agency, referral) == "2027-02-26"


async def test_a_recalled_correction_gives_back_what_it_corrected(office: Office) -> None:
    referral = await special(office)
    first = await move_release(office, referral, "2027-01-22")
    second = await move_release(office, referral, "2027-01-29", corrects=first)
    third = await move_release(office, referral, "2027-02-26", corrects=second)
    await recall(office, PRISON, referral, third)
    assert await day_known(office, CENTER, referral) == "2027-01-29"
    await move_release(office, referral, "2027-02-12", corrects=first)
    await recall(office, PRISON, referral, first)
    assert await day_known(office, CENTER, referral) == "2027-02-12"


async def test_a_recall_does_not_give_back_a_correction_of_what_was_stated_anew(
    office: Office,
) -> None:
    referral = await special(office)
    first = await move_release(office, referral, "2027-01-22")
    await move_release(office, referral, "2027-01-29")
    await move_release(office, referral, "2027-02-05", corrects=first)
    newest = await move_release(office, referral, "2027-02-26")
    await recall(office, PRISON, referral, newest)
    assert await day_known(office, CENTER, referral) == "2027-01-29"


@pytest.mark.parametrize("how", ["opened", "acknowledged"])
async def test_whoever_relied_upon_a_recalled_copy_keeps_its_fact_and_the_others_do_not(
    office: Office, how: str
) -> None:
    referral = await special(office)
    await move_release(office, referral, "2027-01-22")
    kept = await move_release(office, referral, "2027-02-26")
    await rely_upon(office, CENTER, kept, how)
    await recall(office, PRISON, referral, kept)
    assert await day_known(office, CENTER, referral) == "2027-02-26"
    assert await day_known(office, PROBATION, referral) == "2027-01-22"
    again = await move_release(office, referral, "2027-03-05")
    await recall(office, PRISON, referral, again)
    assert await day_known(office, CENTER, referral) == "2027-02-26"
    assert await day_known(office, PROBATION, referral) == "2027-01-22"


async def test_a_recall_gives_back_nothing_that_consent_does_not_cover(office: Office) -> None:
    referral = await special(office)
    await move_release(office, referral, "2027-01-22")
    withdraw = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdraw, seat(PROBATION))
    await move_release(office, referral, "2027-01-29")
    during = await move_release(office, referral, "2027-02-26")
    await recall(office, PRISON, referral, during)
    assert await day_known(office, CENTER, referral) is None
    assert await day_known(office, PROBATION, referral) == "2027-01-29"
    narrow = {"consent_id": str(uuid4()), "recipients": [CENTER], "item_classes": ["C1"]}
    renew = saying("special_adjustment.renew_consent", referral, narrow)
    await office.exchange.accept(renew, seat(PROBATION))
    assert await day_known(office, CENTER, referral) is None
    more = {"consent_id": str(uuid4()), "recipients": [CENTER], "item_classes": ["C4"]}
    record = saying("special_adjustment.record_consent", referral, more)
    await office.exchange.accept(record, seat(PROBATION))
    assert await day_known(office, CENTER, referral) == "2027-01-29"


@pytest.mark.parametrize("how", ["unopened", "opened", "acknowledged"])
@pytest.mark.parametrize("recipients", [None, [CENTER]], ids=["all", "the center"])
async def test_a_renewal_tells_nothing_of_what_was_recalled_before(
    office: Office, how: str, recipients: list[str] | None
) -> None:
    referral = await special(office)
    before = await day_known(office, CENTER, referral)
    withdraw = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdraw, seat(PROBATION))
    during = await move_release(office, referral, "2027-02-26")
    if how != "unopened":
        await rely_upon(office, CENTER, during, how)
    await recall(office, PRISON, referral, during, recipients)
    await office.exchange.accept(
        saying("special_adjustment.renew_consent", referral), seat(PROBATION)
    )
    assert await day_known(office, CENTER, referral) == before


async def test_a_recall_gives_back_nothing_of_a_class_that_was_erased(office: Office) -> None:
    referral = await special(office)
    await move_release(office, referral, "2027-01-22")
    newer = await move_release(office, referral, "2027-02-26")
    await office.owner.execute(
        "DELETE FROM referral_key WHERE referral_id = $1 AND class = 'C4'", referral
    )
    await recall(office, PRISON, referral, newer)
    assert await day_known(office, CENTER, referral) is None


async def test_a_correction_replaces_a_fact_that_only_a_recalled_message_has_stated_since(
    office: Office,
) -> None:
    referral = await special(office)
    older = await move_release(office, referral, "2027-01-22")
    newer = await move_release(office, referral, "2027-02-26")
    await recall(office, PRISON, referral, newer)
    await move_release(office, referral, "2027-01-29", corrects=older)
    for agency in (PROBATION, CENTER):
        assert (await facts_of(office, agency, referral))["release_on"] == "2027-01-29"


@pytest.mark.parametrize("how", ["opened", "acknowledged"])
async def test_whoever_relied_upon_a_copy_keeps_its_facts_until_they_are_stated_anew(
    office: Office, how: str
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    await rely_upon(office, CENTER, request, how)
    await recall(office, PROBATION, referral, request)
    assert "release_on" in await facts_of(office, CENTER, referral)
    assert "release_on" in await days_of(office, CENTER, referral)
    await move_release(office, referral, "2027-02-26")
    assert (await facts_of(office, CENTER, referral))["release_on"] == "2027-02-26"


async def rely_upon(office: Office, agency: str, message: UUID, how: str) -> None:
    """Open a message, or acknowledge it unread."""
    if how == "opened":
        await office.reading.open(seat(agency, "case_worker"), [message])
    else:
        place = await position(office, agency, message)
        await office.inboxes.acknowledge(seat(agency), [place], None)


@pytest.mark.parametrize("how", ["opened", "acknowledged"])
async def test_a_relied_upon_copy_is_recalled_until_the_end_of_the_next_business_day(
    office: Office, how: str
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    await rely_upon(office, CENTER, request, how)
    at(office, 25, 0)
    with pytest.raises(RecallByRequest) as refused:
        await office.recalls.recall(seat(PROBATION), referral, request, WRONG, [CENTER])
    assert refused.value.facts == {"agencies": [CENTER]}
    outcome = await office.recalls.recall(seat(PROBATION), referral, request, WRONG, None)
    assert ([r.recipient_agency for r in outcome.recalls], outcome.to_request) == (
        [PRISON],
        [CENTER],
    )
    (opened,) = await office.reading.open(seat(CENTER), [request])
    assert opened.body
    office.clock.now -= timedelta(microseconds=1)
    (recalled,) = (
        await office.recalls.recall(seat(PROBATION), referral, request, WRONG, [CENTER])
    ).recalls
    office.clock.now = START
    assert recalled.clocks is not None  # opened above, if not before


def at(office: Office, day: int, hour: int) -> None:
    """Set the clock to an hour of a day in November, in Japan."""
    office.clock.now = START.replace(day=day, hour=hour)


async def test_an_unopened_copy_is_recalled_long_afterwards(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    office.clock.now += timedelta(days=200)
    recalled = await recall(office, PROBATION, referral, request)
    office.clock.now = START
    assert {r.recipient_agency for r in recalled} == {CENTER, PRISON}


async def test_a_party_that_has_ended_recalls_nothing(office: Office) -> None:
    referral = await special(office)
    own = await move_release(office, referral, "2027-01-29")
    transfer = saying(
        "special_adjustment.transfer_institution", referral, to={"institution": "prison-osaka"}
    )
    await office.exchange.accept(transfer, seat(PRISON))
    for message in (referral, own, transfer.id):
        with pytest.raises(RecallImpossible) as refused:
            await recall(office, PRISON, referral, message)
        assert refused.value.reason == "party_ended"
    assert "release_on" in await facts_of(office, CENTER, referral)


async def test_nothing_is_recalled_in_a_closed_referral(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    await recall(office, PROBATION, referral, request)
    close = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    with pytest.raises(RecallImpossible) as refused:
        await recall(office, CENTER, referral, close.id)
    assert refused.value.reason == "closed"
    assert len(await recall(office, PROBATION, referral, request)) == 2  # a repeat still answers


async def test_what_recorded_a_consent_is_recalled_once_that_is_withdrawn(office: Office) -> None:
    referral, consent = await special(office), {"consent_id": str(uuid4())}
    recorded = saying("special_adjustment.record_consent", referral, consent)
    await office.exchange.accept(recorded, seat(PRISON))
    with pytest.raises(RecallImpossible) as refused:
        await recall(office, PRISON, referral, recorded.id)
    assert refused.value.reason == "consent_stands"
    body = {"consent_ids": [consent["consent_id"]]}
    withdrawal = saying("special_adjustment.withdraw_consent", referral, body)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    assert await recall(office, PRISON, referral, recorded.id)


WITHDRAW, RETRACT = "withdraw_consent", "retract_withdrawal"


@pytest.mark.parametrize(
    ("event", "undone_by"),
    [
        ("confirm_consent", WITHDRAW),
        ("refuse_consent", None),
        (WITHDRAW, RETRACT),
        ("withdraw a part", RETRACT),
        (RETRACT, None),
    ],
)
async def test_what_changed_consents_is_recalled_once_it_has_no_effect_any_more(
    office: Office, event: str, undone_by: str | None
) -> None:
    referral, consent = await special(office), {"consent_id": str(uuid4())}
    by = seat(CENTER if "_consent" in event and event != WITHDRAW else PRISON)
    recorded = saying("special_adjustment.record_consent", referral, consent)
    await office.exchange.accept(recorded, by)

    async def send(step: str) -> UUID:
        body: dict[str, Any] = {"consent_ids": [consent["consent_id"]]}
        if step in {"confirm_consent", "refuse_consent"}:
            body = {**consent}
        elif step == "withdraw a part":
            body |= {"withdrawn_items": ["C4"]}
        step = WITHDRAW if step == "withdraw a part" else step
        sent = saying(f"special_adjustment.{step}", referral, body)
        await office.exchange.accept(sent, seat(PROBATION))
        return sent.id

    if event == RETRACT:
        await send(WITHDRAW)
    changed = await send(event)
    with pytest.raises(RecallImpossible) as refused:
        await recall(office, PROBATION, referral, changed)
    assert refused.value.reason == "consent_stands"
    if undone_by is not None:
        await send(undone_by)
        assert await recall(office, PROBATION, referral, changed)


async def test_what_recorded_a_consent_of_which_a_part_stands_is_not_recalled(
    office: Office,
) -> None:
    referral, consent = await special(office), {"consent_id": str(uuid4())}
    recorded = saying("special_adjustment.record_consent", referral, consent)
    await office.exchange.accept(recorded, seat(PRISON))
    part = {"consent_ids": [consent["consent_id"]], "withdrawn_items": ["C4"]}
    withdrawal = saying("special_adjustment.withdraw_consent", referral, part)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    with pytest.raises(RecallImpossible) as refused:
        await recall(office, PRISON, referral, recorded.id)
    assert refused.value.reason == "consent_stands"


async def test_an_opening_is_recalled_though_the_consent_stands_that_came_with_it(
    office: Office,
) -> None:
    opening = saying("defence_support.inquire")
    await office.exchange.accept(opening, seat(COUNSEL))
    assert await office.owner.fetchval(
        "SELECT count(*) FROM consent WHERE message_id = $1 AND withdrawn_by IS NULL", opening.id
    )
    assert await recall(office, COUNSEL, opening.id, opening.id)


async def test_whoever_opened_a_recalled_message_keeps_it_as_evidence_and_nobody_else_does(
    office: Office,
) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    worker = caller_with(seat(CENTER), classes=frozenset({"C0", "C1"}))
    (first,) = await office.reading.open(worker, [request])
    await recall(office, PROBATION, referral, request)
    assert (await office.reading.open(seat(CENTER), [request]))[0].body == {}
    (kept,) = await office.reading.open(seat(CENTER), [request], as_evidence=True)
    assert (kept.body, set(kept.salts)) == (first.body, {DataClass.C0, DataClass.C1})
    assert {reason for _, reason in kept.withheld} == {"recalled"}
    (unread,) = await office.reading.open(seat(PRISON), [request], as_evidence=True)
    assert unread.body == {}


async def test_openings_of_one_seat_are_counted_in_one_row(office: Office) -> None:
    referral = await special(office)
    request = await request_of(office, referral)
    for minutes in range(5):
        office.clock.now = START + timedelta(minutes=minutes)
        await office.reading.open(seat(CENTER), [request])
    recalls = {r.recipient_agency: r for r in await recall(office, PROBATION, referral, request)}
    office.clock.now = START
    (opening,) = recalls[CENTER].openings
    assert (opening.count, opening.at, opening.last_at) == (
        5,
        START,
        START + timedelta(minutes=4),
    )
