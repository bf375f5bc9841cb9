"""The effects of a withdrawal of consent, and the requests to return or destroy data."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.consents.return_requests import LateReturnRequests
from app.domain.consents.return_requests import ReturnAnswer, ReturnRequest
from app.domain.deliveries.recall import RecallReason
from app.domain.errors import AlreadyAnswered, Invalid, NotFound
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID
from app.domain.vocabulary.law import LegalBasis
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

REQUESTED = TO_ACCEPTED[:4]
TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
TRANSFERRED = (*TAKEN, (CENTER, "offer_transfer"), (OTHER_CENTER, "accept_transfer"))
DONE = ReturnAnswer.DESTROYED
TODAY = START.date()


async def the(office: Office, referral: UUID, event: str) -> UUID:
    """The message of that event."""
    query = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.' || $2"
    message_id: UUID = await office.owner.fetchval(query, referral, event)
    return message_id


async def withdraw(office: Office, agency: str, referral: UUID, **changes: Any) -> UUID:
    """Withdraw consent, and give the message's id."""
    flow = await office.owner.fetchval("SELECT flow FROM referral WHERE id = $1", referral)
    message = saying(f"{flow}.withdraw_consent", referral, changes)
    await send(office, agency, message)
    return message.id


async def inbox(office: Office, agency: str, *referrals: UUID) -> list[dict[str, Any]]:
    """The items of an agency's inbox about some referrals."""
    page = json.loads(await office.inboxes.read(agency, 0, 100_000, 0, unacknowledged=False))
    ids = {str(r) for r in referrals}
    return [item for item in page["items"] if item["referral_id"] in ids]


async def state_in_inbox(office: Office, agency: str, referral: UUID, event: str) -> str:
    """The state of a message in an inbox."""
    states = [
        i["state"]
        for i in await inbox(office, agency, referral)
        if i["kind"] == "message" and i["type"].endswith(f".{event}")
    ]
    return str(states[0])


async def kinds(office: Office, agency: str, *referrals: UUID) -> list[str]:
    """The kinds of items in an agency's inbox, without messages."""
    return [i["kind"] for i in await inbox(office, agency, *referrals) if i["kind"] != "message"]


async def requests_to(office: Office, agency: str, *referrals: UUID) -> list[ReturnRequest]:
    """The requests to an agency in some referrals."""
    requests = await office.return_requests.sent_to(agency, None, 10_000)
    return [r for r in requests if r.referral_id in referrals]


async def requests_seen_by(office: Office, agency: str, referral: UUID) -> Sequence[ReturnRequest]:
    """The requests of a referral's case that an agency sees."""
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    return await office.return_requests.of_case(agency, case, None, 100)


async def check_counts(office: Office, agency: str) -> None:
    """The counts of an inbox are those of its items."""
    status = await office.inboxes.status(agency)
    counted = await office.row(
        "SELECT count(*) FILTER (WHERE opened_at IS NULL AND acknowledged_at IS NULL"
        " AND recalled_at IS NULL) AS waiting,"
        " count(*) FILTER (WHERE acknowledged_at IS NULL) AS unacknowledged,"
        " count(acknowledged_at) AS acknowledged FROM inbox_item WHERE agency_id = $1",
        agency,
    )
    assert status["counts"] == dict(counted)


async def test_an_unopened_copy_becomes_a_tombstone_and_a_new_consent_gives_it_again(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "waiting"
    await withdraw(office, PROBATION, referral)
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "recalled"
    await check_counts(office, CENTER)
    (opened,) = await office.reading.open(seat(CENTER), [request])
    assert set(opened.salts) == {"C0"}
    assert {reason for _, reason in opened.withheld} == {"consent_withdrawn"}
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "recalled"
    (sent_copy,) = [
        c
        for t in await office.deliveries.sent_messages(PROBATION, referral, 0, 100)
        for c in t.deliveries
        if t.message_id == request and c.agency_id == CENTER
    ]
    assert (sent_copy.status, sent_copy.recall_reason) == ("recalled", "consent_withdrawn")
    assert await requests_to(office, CENTER, referral) == []
    assert await kinds(office, CENTER, referral) == []
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral))
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "waiting"
    await check_counts(office, CENTER)
    (opened,) = await office.reading.open(seat(CENTER), [request])
    assert opened.withheld == []
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "opened"
    await check_counts(office, CENTER)


async def test_a_renewal_for_somebody_else_leaves_the_tombstone(office: Office) -> None:
    referral = await special(office, REQUESTED)
    await withdraw(office, PROBATION, referral)
    other = {"recipients": [OTHER_CENTER]}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral, other))
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "recalled"


async def test_what_the_sender_takes_back_as_well_stays_taken_back(office: Office) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await withdraw(office, PROBATION, referral)
    await office.recalls.recall(
        seat(PROBATION), referral, request, RecallReason.WRONG_CONTENT, [CENTER]
    )
    await check_counts(office, CENTER)
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral))
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "recalled"
    await check_counts(office, CENTER)


async def test_what_was_opened_before_its_sender_took_it_back_is_asked_back_too(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [request])
    await office.recalls.recall(
        seat(PROBATION), referral, request, RecallReason.WRONG_CONTENT, [CENTER]
    )
    await withdraw(office, PROBATION, referral)
    (asked,) = await requests_to(office, CENTER, referral)
    assert asked.message_ids == (request,)
    await check_counts(office, CENTER)


async def add_webhook(office: Office, agency: str, *urgencies: str) -> UUID:
    """Register an endpoint of an agency; nothing is sent to it."""
    webhook = uuid4()
    vouching = f"{agency}.{webhook}"
    async with office.owner.acquire() as c, c.transaction():
        await c.execute(
            "INSERT INTO client VALUES ($1, $2, 's', NULL, NULL, now())", vouching, agency
        )
        await c.execute(
            "INSERT INTO seat VALUES ($1, $2, 's', 'decider', '{C0}', now())", vouching, agency
        )
        await c.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at,"
            " changed_at, urgencies)"
            " VALUES ($1, $2, $3, $3, 'https://a.test', 'paused', now(), now(), $4)",
            webhook,
            agency,
            vouching,
            urgencies or None,
        )
    return webhook


async def test_queued_notices_of_tombstones_are_cancelled_in_the_same_transaction(
    office: Office,
) -> None:
    webhook = await add_webhook(office, CENTER)
    referral = await special(office, REQUESTED)
    withdrawal = await withdraw(office, PROBATION, referral)
    await office.owner.execute("UPDATE webhook SET state = 'deleted' WHERE id = $1", webhook)
    rows = await office.owner.fetch(
        "SELECT message_id, state, reason FROM notice WHERE webhook_id = $1 ORDER BY position",
        webhook,
    )
    request = await the(office, referral, "request_cooperation")
    assert (request, "cancelled", "consent_withdrawn") in [tuple(row) for row in rows]
    assert (withdrawal, "pending", None) in [tuple(row) for row in rows]


async def test_whoever_had_opened_it_is_asked_and_the_answer_is_followed(office: Office) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    (opened,) = await office.reading.open(seat(CENTER), [request])
    await withdraw(office, PRISON, referral)
    (mine,) = await requests_to(office, CENTER, referral)
    assert mine.state(TODAY) == "open"
    assert mine.due_on == TODAY + timedelta(days=30)
    assert mine.consent_ids == (UUID(CONSENT_ID),)
    assert mine.message_ids == (request,)
    assert set(mine.classes or ()) == set(opened.salts) - {"C0"}
    assert await kinds(office, CENTER, referral) == ["consent.return_or_destroy"]
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "opened"
    for agency in (PRISON, PROBATION):  # the withdrawer, who knows the center, and its sender
        (seen,) = await requests_seen_by(office, agency, referral)
        assert (seen.agency_id, seen.state(TODAY)) == (CENTER, "open")
        assert (seen.classes, seen.message_ids, seen.consent_ids, seen.messages) == (None,) * 4
    answered = await office.return_requests.answer(seat(CENTER), mine.id, DONE, TODAY, None)
    assert (answered.answer, answered.answered_by) == ("destroyed", f"{CENTER}.decider")
    for agency in (PRISON, PROBATION):
        (seen,) = await requests_seen_by(office, agency, referral)
        assert (seen.state(TODAY), seen.answer) == ("answered", "destroyed")
        (item,) = [
            i for i in await inbox(office, agency, referral) if i["kind"].startswith("consent.")
        ]
        assert (item["kind"], item["from"]["agency_id"]) == ("consent.return_answered", CENTER)
    assert await kinds(office, CENTER, referral) == ["consent.return_or_destroy"]


async def test_an_answer_holds_and_one_that_cannot_be_is_refused(office: Office) -> None:
    referral = await special(office)
    await office.reading.open(seat(CENTER), [await the(office, referral, "request_cooperation")])
    await withdraw(office, PROBATION, referral)
    (mine,) = await requests_to(office, CENTER, referral)
    returns, caller = office.return_requests, seat(CENTER)
    for bad in (
        (DONE, TODAY + timedelta(days=1), None),
        (DONE, TODAY, LegalBasis.RPA_82),
        (ReturnAnswer.KEPT_BY_LAW, TODAY, None),
        (ReturnAnswer.KEPT_BY_LAW, TODAY, LegalBasis.CONSENT_ONLY),
    ):
        with pytest.raises(Invalid):
            await returns.answer(caller, mine.id, *bad)
    for agency, wanted in ((PROBATION, mine.id), (OTHER_CENTER, mine.id), (CENTER, uuid4())):
        with pytest.raises(NotFound):
            await returns.answer(seat(agency), wanted, DONE, TODAY, None)
    kept_by_law = ReturnAnswer.KEPT_BY_LAW
    first = await returns.answer(caller, mine.id, kept_by_law, TODAY, LegalBasis.RPA_82)
    office.clock.now += timedelta(hours=1)
    again = await returns.answer(caller, mine.id, kept_by_law, TODAY, LegalBasis.RPA_82)
    office.clock.now = START
    assert again == first
    with pytest.raises(AlreadyAnswered):
        await returns.answer(caller, mine.id, DONE, TODAY, None)
    assert (await kinds(office, PROBATION, referral)).count("consent.return_answered") == 1


async def test_a_party_that_has_ended_is_asked_and_hears_of_nothing_else(office: Office) -> None:
    parent, child = await hand_over(office, *TRANSFERRED)
    request = await the(office, parent, "request_cooperation")
    await office.owner.execute("UPDATE party SET until = NULL WHERE referral_id = $1", parent)
    await office.reading.open(seat(CENTER), [request])
    await office.owner.execute(
        "UPDATE party SET until = $2 WHERE referral_id = $1 AND agency_id = $3 AND name = 'center'",
        parent,
        START,
        CENTER,
    )
    before = await office.reading.referral(CENTER, parent)
    await withdraw(office, OTHER_CENTER, parent)
    (mine,) = await requests_to(office, CENTER, parent)
    assert mine.message_ids == (request,)
    assert await kinds(office, CENTER, parent) == ["consent.return_or_destroy"]
    assert await office.reading.referral(CENTER, parent) == before
    assert {r.agency_id for r in await requests_seen_by(office, PROBATION, parent)} >= {CENTER}
    assert child != parent


async def test_a_recipient_of_whom_the_withdrawer_knows_nothing_is_asked_and_stays_unknown_to_it(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    shared = await the(office, parent, "request_cooperation")
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(shared,))
    await send(office, CENTER, offer)
    await office.reading.open(seat(OTHER_CENTER), [shared])
    others = ("prosecutor-13", "center-14")
    before = [await inbox(office, agency, parent, child) for agency in others]
    await withdraw(office, PRISON, parent)
    (theirs,) = await requests_to(office, OTHER_CENTER, child)
    assert theirs.message_ids == (shared,)
    assert set(theirs.consent_ids or ()) == {UUID(CONSENT_ID), UUID(CONSENT_REGIONAL_ID)}
    for agency in (PRISON, PROBATION):
        assert OTHER_CENTER not in repr(await requests_seen_by(office, agency, parent))
    seen = {r.agency_id for r in await requests_seen_by(office, CENTER, parent)}
    assert OTHER_CENTER in seen  # the center showed it, and follows
    await office.return_requests.answer(seat(OTHER_CENTER), theirs.id, DONE, TODAY, None)
    for agency in (PRISON, PROBATION):
        assert OTHER_CENTER not in repr(await inbox(office, agency, parent, child))
        entries = await office.owner.fetch(
            "SELECT * FROM log_entry WHERE $1 = ANY (agencies) AND kind LIKE 'return%'", agency
        )
        assert OTHER_CENTER not in repr([e for e in entries if e["referral_id"] == child])
    assert "consent.return_answered" in await kinds(office, CENTER, child)
    assert [await inbox(office, agency, parent, child) for agency in others] == before
    for agency in others:
        with pytest.raises(NotFound):
            await requests_seen_by(office, agency, parent)


async def test_every_request_and_answer_is_on_the_log_and_no_entry_names_two_who_may_not_know(
    office: Office,
) -> None:
    referral = await special(office)
    await office.reading.open(seat(CENTER), [await the(office, referral, "request_cooperation")])
    withdrawal = await withdraw(office, PRISON, referral)
    (mine,) = await requests_to(office, CENTER, referral)
    await office.return_requests.answer(seat(CENTER), mine.id, DONE, TODAY, None)
    rows = await office.owner.fetch(
        "SELECT kind, agencies, agency_id, detail::jsonb ->> 'recipient' AS recipient"
        " FROM log_entry WHERE referral_id = $1"
        " AND kind IN ('withdrawal', 'return_request', 'return_answer')",
        referral,
    )
    entries = {(r["kind"], *r["agencies"], r["agency_id"], r["recipient"]) for r in rows}
    assert entries == {
        ("withdrawal", PRISON, PRISON, None),
        ("return_request", CENTER, None, None),
        ("return_request", PRISON, None, CENTER),
        ("return_request", PROBATION, None, CENTER),
        ("return_answer", CENTER, CENTER, None),
        ("return_answer", PRISON, CENTER, CENTER),
        ("return_answer", PROBATION, CENTER, CENTER),
    }
    entry = await office.row(
        "SELECT detail FROM log_entry WHERE message_id = $1 AND kind = 'withdrawal'", withdrawal
    )
    # It withdrew whatever was recorded there, and was told of none.
    assert json.loads(entry["detail"])["consents"] == []


async def test_a_consent_that_still_holds_keeps_its_recipient_out_of_it(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    task = saying("regional_coordination.interview", child)
    await send(office, CENTER, task)
    await office.reading.open(seat(OTHER_CENTER), [task.id])
    await office.reading.open(seat(CENTER), [await the(office, parent, "request_cooperation")])
    only = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER], "purpose": "regional"}
    await send(office, CENTER, saying("special_adjustment.record_consent", parent, only))
    await withdraw(office, PROBATION, parent, consent_ids=[CONSENT_ID, CONSENT_REGIONAL_ID])
    assert await requests_to(office, OTHER_CENTER, child) == []
    assert len(await requests_to(office, CENTER, parent)) == 1
    (message,) = await office.reading.open(seat(OTHER_CENTER), [task.id])
    assert {reason for _, reason in message.withheld} <= {"consent_withdrawn", "no_consent"}


async def test_a_part_that_is_taken_back_is_asked_back_and_the_rest_counts_after_a_renewal(
    office: Office,
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [request])
    with pytest.raises(Invalid):
        await withdraw(office, PROBATION, referral, withdrawn_items=["prison"])
    await withdraw(office, PROBATION, referral, withdrawn_items=["C4"])
    (mine,) = await requests_to(office, CENTER, referral)
    assert mine.classes == ("C4",)
    (opened,) = await office.reading.open(seat(CENTER), [request])
    reasons = {str(c): reason for c, reason in opened.withheld}
    assert reasons.pop("C4") == "consent_withdrawn"
    assert set(reasons.values()) == {"no_consent"}
    narrow = {"item_classes": ["C1"]}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral, narrow))
    (opened,) = await office.reading.open(seat(CENTER), [request])
    assert [*opened.withheld] == [("C4", "consent_withdrawn")]


async def test_a_copy_of_which_only_a_part_is_lost_stays_where_it_is(office: Office) -> None:
    referral = await special(office, REQUESTED)
    await withdraw(office, PROBATION, referral, withdrawn_items=["C4"])
    assert await state_in_inbox(office, CENTER, referral, "request_cooperation") == "waiting"
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral))
    other = await special(office, REQUESTED)
    await withdraw(office, PROBATION, other, withdrawn_items=[CENTER])
    assert await state_in_inbox(office, CENTER, other, "request_cooperation") == "recalled"


async def test_what_was_answered_for_is_asked_again_only_if_it_was_opened_again(
    office: Office,
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [request])
    try:
        for reopened in (False, True):
            await withdraw(office, PROBATION, referral)
            (mine,) = [r for r in await requests_to(office, CENTER, referral) if not r.answered_at]
            office.clock.now += timedelta(hours=1)
            await office.return_requests.answer(seat(CENTER), mine.id, DONE, TODAY, None)
            renewed = {"consent_id": str(uuid4())}
            await send(
                office, PROBATION, saying("special_adjustment.renew_consent", referral, renewed)
            )
            if not reopened:
                await withdraw(office, PROBATION, referral)
                assert all(r.answered_at for r in await requests_to(office, CENTER, referral))
                again = {"consent_id": str(uuid4())}
                await send(
                    office, PROBATION, saying("special_adjustment.renew_consent", referral, again)
                )
                office.clock.now += timedelta(hours=1)
                await office.reading.open(seat(CENTER), [request])
    finally:
        office.clock.now = START
    assert len(await requests_to(office, CENTER, referral)) == 2


async def test_the_open_ones_come_first_and_late_ones_are_told_once(office: Office) -> None:
    referrals = []
    for _ in range(3):
        referral = await special(office)
        await office.reading.open(
            seat(CENTER), [await the(office, referral, "request_cooperation")]
        )
        await withdraw(office, PROBATION, referral)
        referrals.append(referral)
    (first,) = await requests_to(office, CENTER, referrals[0])
    await office.return_requests.answer(seat(CENTER), first.id, DONE, TODAY, None)
    mine = await office.return_requests.sent_to(CENTER, None, 10_000)
    is_answered = [r.answered_at is not None for r in mine]
    assert is_answered == sorted(is_answered)
    paged: list[ReturnRequest] = []
    after = None
    while page := await office.return_requests.sent_to(CENTER, after, 7):
        paged += page
        after = (page[-1].answered_at is not None, page[-1].due_on, page[-1].id)
    assert paged == list(mine)
    worker_pool = office.owner  # whoever it is: the function is granted to the worker
    late = LateReturnRequests(worker_pool, office.clock)
    office.clock.now += timedelta(days=30)
    assert await late.tell_late() == 0
    office.clock.now += timedelta(days=1)
    try:
        assert await late.tell_late() >= 2
        assert await late.tell_late() == 0
    finally:
        office.clock.now = START
    for agency in (CENTER, PROBATION):
        assert "consent.return_overdue" not in await kinds(office, agency, referrals[0])
        assert (await kinds(office, agency, referrals[1])).count("consent.return_overdue") == 1


async def test_for_an_agency_that_takes_no_part_whoever_told_it_asks_and_answers(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    request = await the(office, referral, "request_cooperation")
    await office.owner.execute("UPDATE agency SET connected = false WHERE id = $1", CENTER)
    await office.owner.execute(
        "UPDATE inbox_item SET to_print = true, printed_at = $2, printed_by = 'x'"
        " WHERE message_id = $1 AND agency_id = $3",
        request,
        START,
        CENTER,
    )
    try:
        assert "C4" in (await office.deliveries.paper_copies(PROBATION, request))[CENTER]
        await withdraw(office, PROBATION, referral)
        assert (await office.deliveries.paper_copies(PROBATION, request))[CENTER] == {"C0"}
        (item,) = [
            i
            for i in await inbox(office, PROBATION, referral)
            if i["kind"] == "consent.return_or_destroy"
        ]
        assert item["from"]["agency_id"] == CENTER
        (seen,) = await requests_seen_by(office, PROBATION, referral)
        with pytest.raises(NotFound):
            await office.return_requests.answer(seat(PRISON), seen.id, DONE, TODAY, None)
        answered = await office.return_requests.answer(seat(PROBATION), seen.id, DONE, TODAY, None)
        assert answered.answered_by == f"{PROBATION}.decider"
    finally:
        await office.owner.execute("UPDATE agency SET connected = true WHERE id = $1", CENTER)


async def test_a_withdrawal_by_the_one_who_was_told_asks_it_too(office: Office) -> None:
    referral = await special(office)
    await office.reading.open(seat(CENTER), [await the(office, referral, "request_cooperation")])
    await withdraw(office, CENTER, referral)
    (mine,) = await requests_to(office, CENTER, referral)
    assert mine.agency_id == CENTER
    assert [r.id for r in await requests_seen_by(office, PROBATION, referral)] == [mine.id]


async def test_a_withdrawal_reaches_referrals_that_are_closed(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    task = saying("regional_coordination.interview", child)
    await send(office, CENTER, task)
    await office.reading.open(seat(OTHER_CENTER), [task.id])
    await send(office, CENTER, saying("regional_coordination.withdraw", child))
    await withdraw(office, PROBATION, parent)
    (theirs,) = await requests_to(office, OTHER_CENTER, child)
    assert theirs.message_ids is not None
    assert task.id in theirs.message_ids


async def test_what_was_not_opened_before_a_part_ended_stays_as_it_was(office: Office) -> None:
    parent, _ = await hand_over(office, *TRANSFERRED)
    before = await inbox(office, CENTER, parent)
    assert "waiting" in {item["state"] for item in before}
    await withdraw(office, OTHER_CENTER, parent)
    assert await requests_to(office, CENTER, parent) == []
    assert await inbox(office, CENTER, parent) == before


async def test_an_answer_for_one_message_is_none_for_another(office: Office) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [request])
    await withdraw(office, PROBATION, referral)
    renewed = {"consent_id": str(uuid4())}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral, renewed))
    moved = saying("special_adjustment.change_custody", referral)
    await send(office, PRISON, moved)
    try:
        office.clock.now += timedelta(hours=1)
        await office.reading.open(seat(CENTER), [moved.id])
        office.clock.now += timedelta(hours=1)
        (first,) = await requests_to(office, CENTER, referral)
        await office.return_requests.answer(seat(CENTER), first.id, DONE, TODAY, None)
        await withdraw(office, PROBATION, referral)
    finally:
        office.clock.now = START
    (second,) = [r for r in await requests_to(office, CENTER, referral) if r.answered_at is None]
    assert second.message_ids == (moved.id,)


async def test_an_item_that_is_withdrawn_again_and_again_does_not_grow_without_end(
    office: Office,
) -> None:
    referral = await special(office, REQUESTED)
    first = [await withdraw(office, PROBATION, referral, withdrawn_items=["C4"]) for _ in range(6)]
    last = await withdraw(office, PROBATION, referral, withdrawn_items=["C4", "C5"])
    row = await office.row(
        "SELECT withdrawn_items, taken_by, withdrawn_by FROM consent WHERE referral_id = $1",
        referral,
    )
    assert row["withdrawn_items"] == ["C4"] * 4 + ["C5"]
    assert row["taken_by"] == [*first[:4], last]
    assert row["withdrawn_by"] == last


async def test_what_has_ended_is_withdrawn_and_given_back_as_what_goes_on(
    office: Office,
) -> None:
    """The center has read one message and not another one when the referral ends."""
    referral = await special(office)
    read = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [read])
    unread = saying("special_adjustment.change_custody", referral)
    await send(office, PRISON, unread)
    assert await send(office, PROBATION, saying("special_adjustment.close", referral)) == "closed"
    counted = "SELECT since FROM retention WHERE referral_id = $1 AND rule = 'case_closed'"
    since = await office.owner.fetchval(counted, referral)
    await withdraw(office, CENTER, referral)
    (opening,) = await office.reading.open(seat(CENTER), [read])
    assert {str(reason) for _, reason in opening.withheld} == {"consent_withdrawn"}
    [request] = await requests_to(office, CENTER, referral)
    assert request.message_ids == (read,)
    assert await state_in_inbox(office, CENTER, referral, "change_custody") == "recalled"
    assert await office.owner.fetchval(counted, referral) == since is not None
    said = {"consent_ids": [CONSENT_ID]}
    retraction = saying("special_adjustment.retract_withdrawal", referral, said)
    assert await send(office, PROBATION, retraction) == "closed"
    (opening,) = await office.reading.open(seat(CENTER), [read])
    assert not opening.withheld
    assert await state_in_inbox(office, CENTER, referral, "change_custody") != "recalled"
