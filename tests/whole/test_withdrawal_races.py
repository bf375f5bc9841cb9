"""A withdrawal against whatever else happens at that moment: each is before it or after it."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from app.domain.deliveries.recall import RecallReason
from app.domain.errors import Refusal
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    hand_over,
    special,
)
from tests.support.races import expect_both_orders

ROUNDS = 40
TURNS = 6
REQUESTED = TO_ACCEPTED[:4]


async def at_some_moment(act: Callable[[], Awaitable[Any]]) -> Any:
    """What comes of an act that begins a little later."""
    await asyncio.sleep(random.random() * 0.012)  # chance, not synchronisation
    return await act()


def withdrawal(office: Office, referral: UUID) -> Callable[[], Awaitable[Any]]:
    """The act of withdrawing in a special adjustment."""
    message = saying("special_adjustment.withdraw_consent", referral)
    return lambda: office.exchange.accept(message, seat(PROBATION))


async def copy_in_inbox(office: Office, agency: str, message: UUID) -> asyncpg.Record:
    """The row of a message in an agency's inbox."""
    return await office.row(
        "SELECT opened_at, acknowledged_at, withdrawn FROM inbox_item"
        " WHERE agency_id = $1 AND message_id = $2 AND kind = 'message'",
        agency,
        message,
    )


async def requested_messages(office: Office, agency: str, referral: UUID) -> set[UUID]:
    """The messages that an agency was asked to return in a referral."""
    requests = await office.return_requests.sent_to(agency, None, 100_000)
    return {m for r in requests if r.referral_id == referral for m in r.message_ids or ()}


async def the_request(office: Office, referral: UUID) -> UUID:
    """The request for cooperation."""
    query = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.request_cooperation'"
    request_id: UUID = await office.owner.fetchval(query, referral)
    return request_id


async def test_what_is_opened_is_asked_back_and_what_is_not_opened_cannot_be_any_more(
    office: Office,
) -> None:
    await expect_both_orders(lambda: _opening(office), ROUNDS)


async def _opening(office: Office) -> bool:
    """Whether an opening, one by one or with many, came before the withdrawal."""
    referral = await special(office, REQUESTED)
    request = await the_request(office, referral)
    many = [request, *(uuid4() for _ in range(49))]

    async def open_it(ids: list[UUID]) -> bool:
        (opened,) = await office.reading.open(seat(CENTER), ids)
        return set(opened.salts) != {"C0"}

    acts: list[Callable[[], Awaitable[Any]]] = [
        withdrawal(office, referral),
        lambda: open_it([request]),
        lambda: open_it(many),
    ]
    _, *read = await asyncio.gather(*map(at_some_moment, acts))
    row = await copy_in_inbox(office, CENTER, request)
    assert row["withdrawn"] is not any(read)
    assert (row["opened_at"] is not None) is any(read)
    assert await requested_messages(office, CENTER, referral) == ({request} if any(read) else set())
    assert not await open_it(many)
    return any(read)


async def test_a_receipt_is_before_the_withdrawal_or_of_a_tombstone(office: Office) -> None:
    before = await office.inboxes.status(CENTER)
    await expect_both_orders(lambda: _receipt(office), ROUNDS // 2)
    status = await office.inboxes.status(CENTER)
    counted = await office.row(
        "SELECT count(*) FILTER (WHERE opened_at IS NULL AND acknowledged_at IS NULL"
        " AND recalled_at IS NULL) AS waiting FROM inbox_item WHERE agency_id = $1",
        CENTER,
    )
    assert status["counts"]["waiting"] == counted["waiting"]
    assert status["head"] > before["head"]


async def _receipt(office: Office) -> bool:
    """Whether the withdrawal came first."""
    referral = await special(office, REQUESTED)
    request = await the_request(office, referral)
    position = await office.owner.fetchval(
        "SELECT position FROM inbox_item WHERE agency_id = $1 AND message_id = $2",
        CENTER,
        request,
    )
    await asyncio.gather(
        at_some_moment(withdrawal(office, referral)),
        at_some_moment(lambda: office.inboxes.acknowledge(seat(CENTER), [position], None)),
    )
    row = await copy_in_inbox(office, CENTER, request)
    assert row["acknowledged_at"] is not None
    asked = await requested_messages(office, CENTER, referral)
    assert asked == (set() if row["withdrawn"] else {request})
    return bool(row["withdrawn"])


async def test_nothing_is_shared_or_sent_on_a_consent_after_it_is_withdrawn(
    office: Office,
) -> None:
    await expect_both_orders(lambda: _sharing(office), ROUNDS // 2)


async def _sharing(office: Office) -> bool:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    request = await the_request(office, parent)
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))

    async def share() -> bool:
        try:
            await office.exchange.accept(offer, seat(CENTER))
        except Refusal:
            return False
        return True

    async def read() -> bool:
        opened = await office.reading.open(seat(OTHER_CENTER), [request])
        return any(set(o.salts) - {"C0"} for o in opened)

    acts: list[Callable[[], Awaitable[Any]]] = [withdrawal(office, parent), share, read, read]
    _, shared, *seen = await asyncio.gather(*map(at_some_moment, acts))
    assert shared or not any(seen)
    assert not await read()
    asked = await requested_messages(office, OTHER_CENTER, child)
    assert (request in asked) is any(seen)
    return bool(shared)


async def test_a_notice_is_carried_before_the_withdrawal_or_never(office: Office) -> None:
    webhook, vouching = uuid4(), f"{CENTER}.raced"
    async with office.owner.acquire() as c, c.transaction():
        for statement in (
            "INSERT INTO client VALUES ($1, $2, 's', NULL, NULL, now())",
            "INSERT INTO seat VALUES ($1, $2, 's', 'decider', '{C0}', now())",
        ):
            await c.execute(statement, vouching, CENTER)
        await c.execute("INSERT INTO client_seat VALUES ($1, $1, 1)", vouching)
        await c.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, state, created_at,"
            " changed_at) VALUES ($1, $2, $3, $3, 'https://a.test', 'active', now(), now())",
            webhook,
            CENTER,
            vouching,
        )
    claim = (
        "SELECT payload FROM claim_notices($1, $1::timestamptz + interval '1 minute', $2, 100, 100,"
        " '{}', '{}')"
    )

    async def carry() -> list[dict[str, Any]]:
        async with asyncio.timeout(30):
            rows = await office.owner.fetch(claim, office.clock(), office.clock().date())
        return [json.loads(row["payload"])["data"] for row in rows]

    async def notify() -> bool:
        """Whether the notice was carried before the withdrawal."""
        referral = await special(office, REQUESTED)
        request = str(await the_request(office, referral))
        _, first = await asyncio.gather(
            at_some_moment(withdrawal(office, referral)), at_some_moment(carry)
        )
        later = await carry()
        assert not [d for d in later if d["message_id"] == request]
        state = await office.owner.fetchval(
            "SELECT state FROM notice WHERE message_id = $1::uuid AND webhook_id = $2",
            request,
            webhook,
        )
        assert state == "cancelled"
        return any(d["message_id"] == request for d in first)

    try:
        await expect_both_orders(notify, ROUNDS // 2)
    finally:
        await office.owner.execute("UPDATE webhook SET state = 'deleted' WHERE id = $1", webhook)


async def test_withdrawals_renewals_receipts_and_messages_never_wait_for_each_other_in_a_ring(
    office: Office,
) -> None:
    cases = [await special(office) for _ in range(8)]

    async def to_and_fro(referral: UUID) -> None:
        for _ in range(5):
            await office.exchange.accept(
                saying("special_adjustment.withdraw_consent", referral), seat(PROBATION)
            )
            renewed = {"consent_id": str(uuid4())}
            await office.exchange.accept(
                saying("special_adjustment.renew_consent", referral, renewed), seat(PROBATION)
            )
            moved = saying("special_adjustment.change_custody", referral)
            await office.exchange.accept(moved, seat(PRISON))
            await office.reading.open(seat(CENTER), [moved.id])

    async def take_note() -> None:
        for _ in range(30):
            for agency in (CENTER, PROBATION, PRISON):
                head = (await office.inboxes.status(agency))["head"]
                await office.inboxes.acknowledge(seat(agency), [], head)

    await asyncio.gather(take_note(), *(to_and_fro(r) for r in cases))
    assert await deadlocks(office) == 0


async def deadlocks(office: Office) -> int:
    """How many times PostgreSQL has ended a ring of waiting transactions."""
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    counted: int = await office.owner.fetchval(query)
    return counted


async def send(office: Office, event: str, referral: UUID, sender: str, **body: Any) -> UUID:
    """Send a message of a special adjustment; its id."""
    message = saying(f"special_adjustment.{event}", referral, body)
    await office.exchange.accept(message, seat(sender))
    return message.id


async def withdraw_and_renew(office: Office, referral: UUID) -> None:
    for _ in range(TURNS):
        await send(office, "withdraw_consent", referral, PROBATION)
        await send(office, "renew_consent", referral, PROBATION, consent_id=str(uuid4()))


async def send_open_and_recall(office: Office, referral: UUID) -> None:
    for _ in range(TURNS):
        await send(office, "change_custody", referral, PROBATION)
        await send(office, "record_consent", referral, CENTER, consent_id=str(uuid4()))
        moved = await send(office, "change_custody", referral, PRISON)
        await office.reading.open(seat(CENTER), [moved])
        sent = await send(office, "change_custody", referral, PROBATION)
        reason = RecallReason.WRONG_CONTENT
        await office.recalls.recall(seat(PROBATION), referral, sent, reason, None)
        await send(office, "decline", referral, PROBATION)
        await send(office, "retract_decline", referral, PROBATION)


async def acknowledge_and_remind(office: Office) -> None:
    """Acknowledge what there is, and remind of what is due, as the worker does."""
    for _ in range(TURNS):
        for agency in (CENTER, PROBATION, PRISON):
            head = (await office.inboxes.status(agency))["head"]
            await office.inboxes.acknowledge(seat(agency), [], head)
        for remind in (
            "SELECT tell_deadlines($1, 'infinity', 100)",
            "SELECT tell_deliveries($1::timestamptz + interval '1 year', 100)",
            "SELECT tell_returns($1, 'infinity', 100)",
        ):
            await office.owner.execute(remind, office.clock())


async def test_cases_of_the_same_agencies_never_wait_for_each_other_in_a_ring(
    office: Office,
) -> None:
    before = await deadlocks(office)
    withdrawn_from, *others = [await special(office) for _ in range(3)]
    await asyncio.gather(
        withdraw_and_renew(office, withdrawn_from),
        acknowledge_and_remind(office),
        *(send_open_and_recall(office, referral) for referral in others),
    )
    assert await deadlocks(office) == before
