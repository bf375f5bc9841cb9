"""The courier and a hostile receiver: what arrives, how often, in which order, and what not."""

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta

import pytest
from svix.webhooks import Webhook as Svix
from svix.webhooks import WebhookVerificationError as SvixRefused

from app.domain.webhooks.notices import WAITS
from tests.adapters.webhooks.conftest import AGENCY, Delivery
from tests.support.callers import seat
from tests.support.office import saying as message_saying
from tests.support.play import CENTER, special
from tests.support.receiver import (
    Answer,
    Received,
    Receiver,
    closing,
    dripping,
    failing,
    hanging,
    saying,
)

SLOW = 0.3
"""Seconds of an attempt, where one has to run out."""


async def test_a_notice_arrives_signed_and_thin(delivery: Delivery, receiver: Receiver) -> None:
    hook = await delivery.hook(receiver.url("/in?a=1"))
    async with delivery.courier():
        (message,) = await delivery.send(urgency="urgent")
        (got,) = await receiver.until(1)
        await delivery.until_attempts(hook, 1)
    assert got.path == "/in?a=1"
    assert got.headers["content-type"] == "application/json"
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 5
    assert len(got.body) < 2048
    payload = got.verify(hook.secret)
    Svix(hook.secret).verify(got.body, got.headers)
    with pytest.raises(SvixRefused):
        Svix(hook.secret).verify(got.body + b" ", got.headers)
    assert payload["type"] == "inbox.message"
    assert set(payload) == {"type", "timestamp", "data"}
    data = payload["data"]
    assert data.pop("position") > 0
    assert data == {
        "agency_id": AGENCY,
        "kind": "message",
        "referral_id": str(message),
        "message_id": str(message),
        "message_type": "special_adjustment.notify_candidate",
        "urgency": "urgent",
    }
    assert await delivery.states(hook) == ["delivered"]


async def test_each_attempt_has_the_same_id_and_bytes_and_a_signature_of_its_own(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url())
    receiver.answer = failing(2)
    async with delivery.courier():
        await delivery.send()
        for many in (1, 2, 3):
            await delivery.until_attempts(hook, many)
            await delivery.move(minutes=10)
    assert [r.id for r in receiver.received] == 3 * [receiver.received[0].id]
    assert len({r.body for r in receiver.received}) == 1
    for got in receiver.received:
        got.verify(hook.secret)
    assert await delivery.outcomes(hook) == ["refused", "refused", "delivered"]
    assert await delivery.states(hook) == ["delivered"]


HOSTILE: dict[str, tuple[Answer, str]] = {
    "refuses": (saying("500 Broken", body=b"no"), "refused"),
    "redirects": (saying("307 Elsewhere", "Location: http://127.0.0.1:1/"), "redirect"),
    "hangs": (hanging, "timeout"),
    "drips": (dripping, "timeout"),
    "closes mid-way": (closing, "broken_off"),
    "talks nonsense": (saying("teapot"), "broken_off"),
}


@pytest.mark.parametrize("how", HOSTILE)
async def test_whatever_a_receiver_does_the_notice_stays(
    delivery: Delivery, receiver: Receiver, how: str
) -> None:
    receiver.answer, outcome = HOSTILE[how]
    hook = await delivery.hook(receiver.url())
    async with delivery.courier(timeout=SLOW):
        await delivery.send()
        assert await delivery.until_attempts(hook, 1) == [outcome]
    assert len(receiver.received) == 1
    assert await delivery.states(hook) == ["pending"]


async def test_of_a_large_answer_little_is_read_and_less_is_kept(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = receiver.huge
    hook = await delivery.hook(receiver.url())
    async with delivery.courier():
        await delivery.send()
        assert await delivery.until_attempts(hook, 1) == ["delivered"]
    row = await delivery.office.row("SELECT answer FROM attempt WHERE webhook_id = $1", hook.id)
    assert row["answer"] == b"x" * 1024
    assert receiver.written < 4_500_000  # what the sockets' buffers hold is not ours to stop


async def test_retry_after_is_obeyed_within_bounds(delivery: Delivery, receiver: Receiver) -> None:
    hook = await delivery.hook(receiver.url())
    waits = []
    for asked in ("120", "0", "9999999", "Wed, 01 Jan 2020 00:00:00 GMT"):
        receiver.answer = saying("429 Slow down", f"Retry-After: {asked}")
        async with delivery.courier():
            many = len(await delivery.outcomes(hook))
            await (delivery.move(days=1) if many else delivery.send())
            await delivery.until_attempts(hook, many + 1)
        row = await delivery.office.row(
            "SELECT due_at, resting_until FROM notice n JOIN webhook w ON w.id = webhook_id"
            " WHERE w.id = $1",
            hook.id,
        )
        waits.append((row["due_at"] - delivery.clock()).total_seconds())
        assert row["resting_until"] >= row["due_at"]
    assert waits == [120, 5, 12 * 3600, 5]
    assert set(await delivery.outcomes(hook)) == {"too_many"}


async def test_gone_disables_and_enabling_sends_what_was_missed(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url())
    receiver.answer = saying("410 Gone")
    async with delivery.courier():
        await delivery.send()
        await delivery.until_attempts(hook, 1)
        await delivery.send(2)
        row = await delivery.webhooks.read_webhook(AGENCY, hook.id)
        assert (row["state"], row["reason"]) == ("disabled", "gone")
        item = await delivery.office.row(
            "SELECT kind, type FROM inbox_item WHERE agency_id = $1 AND kind <> 'message'"
            " ORDER BY position DESC LIMIT 1",
            AGENCY,
        )
        assert tuple(item) == ("webhook.paused", "webhook.gone")
        assert len(receiver.received) == 1
        receiver.received.clear()
        receiver.answer = saying("200 OK")
        await delivery.webhooks.change(hook.caller, hook.id, {"state": "active"})
        got = await receiver.until(4)
        positions = [r.position for r in got]
    assert positions[0] == min(positions)
    assert sorted(positions) == list(range(min(positions), min(positions) + 4))


async def test_a_healthy_endpoint_gets_them_in_order(
    delivery: Delivery, receiver: Receiver
) -> None:
    await delivery.hook(receiver.url())
    await delivery.send(40)
    async with delivery.courier(window=1):
        got = await receiver.until(40)
    positions = [r.position for r in got]
    assert positions == sorted(positions)
    assert receiver.most_under_way == 1


async def test_one_slow_endpoint_does_not_delay_another(
    delivery: Delivery, receiver: Receiver
) -> None:
    async with Receiver(answer=hanging) as slow:
        await delivery.hook(slow.url())
        await delivery.hook(receiver.url())
        await delivery.send(60)
        async with delivery.courier(grace=0.1):
            await receiver.until(60, seconds=3)
            assert slow.most_under_way == 16


async def test_a_failing_endpoint_gets_one_at_a_time_and_all_at_once_when_it_is_back(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = saying("503 Away")
    hook = await delivery.hook(receiver.url())
    async with delivery.courier(window=4):
        await delivery.send(30)
        await delivery.until_attempts(hook, 3)
        for number in range(7):
            if number == 1:
                receiver.most_under_way = 0  # it was healthy until it had failed three times
            await delivery.attempt_after(hook, minutes=6)
        assert receiver.most_under_way == 1
        receiver.received.clear()
        receiver.answer = saying("200 OK")
        await delivery.move(minutes=6)
        await receiver.until(30)
        await delivery.until(lambda: _all_delivered(delivery, hook))
    positions = [r.position for r in receiver.received]
    assert sorted(positions) == list(range(min(positions), min(positions) + 30))


async def test_a_receiver_that_was_down_for_a_day_gets_everything(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = saying("502 Down")
    hook = await delivery.hook(receiver.url())
    async with delivery.courier():
        await delivery.send(50)
        await delivery.until_attempts(hook, 3)
        for _ in range(24):
            await delivery.attempt_after(hook, hours=1)
        receiver.answer = saying("200 OK")
        receiver.received.clear()
        await delivery.move(hours=13)
        await receiver.until(50)
        await delivery.until(lambda: _all_delivered(delivery, hook))
    assert len({r.id for r in receiver.received}) == 50


async def test_the_schedule_has_ten_attempts_and_three_days_and_then_it_can_be_replayed(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = saying("500 Broken")
    hook = await delivery.hook(receiver.url())
    started = delivery.clock()
    async with delivery.courier():
        await delivery.send()
        for many in range(1, len(WAITS) + 2):
            await delivery.until_attempts(hook, many)
            row = await delivery.office.row(
                "SELECT state, due_at FROM notice WHERE webhook_id = $1", hook.id
            )
            if row["state"] == "failed":
                break
            delivery.clock.now = row["due_at"] + timedelta(minutes=6)
            delivery.bell.ring([AGENCY])
        assert row["state"] == "failed"
        assert many >= 10
        assert delivery.clock() - started >= timedelta(days=3)
        receiver.answer = saying("200 OK")
        receiver.received.clear()
        assert await delivery.webhooks.replay(hook.caller, hook.id, None, started) == 1
        await receiver.until(1)
        await delivery.until(lambda: _all_delivered(delivery, hook))


async def test_after_five_days_it_is_paused_the_inbox_says_so_and_nothing_is_lost(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = saying("500 Broken")
    hook = await delivery.hook(receiver.url())
    async with delivery.courier():
        await delivery.send(3)
        many = 3
        while (await delivery.webhooks.read_webhook(AGENCY, hook.id))["state"] == "active":
            await delivery.until_attempts(hook, many)
            await delivery.move(hours=12)
            if many % 4 == 0:
                await delivery.send()
            many += 1
            assert many < 40
        row = await delivery.webhooks.read_webhook(AGENCY, hook.id)
        assert (row["state"], row["reason"]) == ("paused", "failing")
        total = len(await delivery.states(hook))
        await delivery.send(2)
        receiver.answer = saying("200 OK")
        receiver.received.clear()
        await delivery.webhooks.change(hook.caller, hook.id, {"state": "active"})
        got = await receiver.until(total + 2)
        await delivery.until(lambda: _all_delivered(delivery, hook))
    positions = [r.position for r in got]
    assert sorted(positions) == list(range(min(positions), min(positions) + total + 2))
    assert positions[0] == min(positions)


async def test_two_couriers_never_make_the_same_attempt(
    delivery: Delivery, receiver: Receiver
) -> None:
    await delivery.hook(receiver.url())
    async with delivery.courier(), delivery.courier():
        await delivery.send(150)
        await receiver.until(150)
    assert set(Counter(r.id for r in receiver.received).values()) == {1}


async def test_what_a_dead_courier_held_is_left_alone_until_its_lease_ends(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url())
    await delivery.send()
    now = delivery.clock()
    claimed = await delivery.worker.fetch(
        "SELECT * FROM claim_notices($1, $2, $3, 10, 10, '{}', '{}')",
        now,
        now + timedelta(seconds=60),
        now.date(),
    )
    assert len(claimed) == 1
    async with delivery.courier():
        delivery.jump(seconds=59)
        await asyncio.sleep(0.1)
        assert receiver.received == []
        delivery.jump(seconds=2)
        await receiver.until(1)
        assert await delivery.until_attempts(hook, 2) == ["lost", "delivered"]


async def test_what_is_told_to_stop_finishes_and_gives_back_the_rest(
    delivery: Delivery, receiver: Receiver
) -> None:
    go = asyncio.Event()

    async def waiting(_request: Received, _writer: asyncio.StreamWriter) -> bytes:
        await go.wait()
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    receiver.answer = waiting
    hook = await delivery.hook(receiver.url())
    await delivery.send(10)
    async with delivery.courier(window=3):
        await receiver.until(3)
        asyncio.get_running_loop().call_later(0.1, go.set)
    assert Counter(await delivery.states(hook)) == {"delivered": 3, "pending": 7}
    held = await delivery.office.row(
        "SELECT count(leased_until), max(attempts) FROM notice"
        " WHERE webhook_id = $1 AND state = 'pending'",
        hook.id,
    )
    assert tuple(held) == (0, 0)


@pytest.mark.parametrize(
    ("switch", "reason"),
    [
        ("UPDATE client SET disabled_at = now() WHERE id = $1 || '.hooks'", "client_disabled"),
        ("UPDATE seat SET disabled_at = now() WHERE id = $1 || '.decider'", "seat_disabled"),
        ("UPDATE agency SET disabled_at = now() WHERE id = $1", "agency_disabled"),
        (
            "UPDATE party SET until = '2030-01-01' WHERE agency_id = $1 AND until IS NULL",
            "party_ended",
        ),
        ("UPDATE inbox_item SET recalled_at = now() WHERE agency_id = $1", "recalled"),
    ],
)
async def test_what_was_revoked_after_the_commit_does_not_leave(
    delivery: Delivery, receiver: Receiver, switch: str, reason: str
) -> None:
    hook = await delivery.hook(receiver.url())
    await delivery.send()
    owner = delivery.office.owner
    await owner.execute(switch, AGENCY)
    async with delivery.courier():
        assert await delivery.until_attempts(hook, 1) == [reason]
    for table in ("client", "seat", "agency"):
        await owner.execute(f"UPDATE {table} SET disabled_at = NULL")  # noqa: S608 - ours
    await owner.execute("UPDATE party SET until = NULL WHERE until = '2030-01-01'")
    await owner.execute("UPDATE inbox_item SET recalled_at = NULL")
    assert receiver.received == []
    assert await delivery.states(hook) == ["cancelled"]


async def test_a_consent_withdrawn_after_the_commit_stops_what_rests_on_it(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url(), agency=CENTER)
    referral = await special(delivery.office)
    delivery.clock.now += timedelta(seconds=1)
    withdrawal = message_saying("special_adjustment.withdraw_consent", referral)
    await delivery.office.exchange.accept(withdrawal, seat(AGENCY))
    assert len(await delivery.states(hook)) > 1
    async with delivery.courier():
        await delivery.until_attempts(hook, len(await delivery.states(hook)))
    assert set(await delivery.outcomes(hook)) == {"consent_withdrawn", "delivered"}
    types = [json.loads(r.body)["data"]["message_type"] for r in receiver.received]
    assert types == ["special_adjustment.withdraw_consent"]


async def test_filters_by_flow_and_urgency(delivery: Delivery, receiver: Receiver) -> None:
    other = await delivery.hook(receiver.url("/other"), flows=["suspect_support"])
    urgent = await delivery.hook(receiver.url("/urgent"), urgencies=["urgent"])
    both = await delivery.hook(
        receiver.url("/both"), flows=["special_adjustment"], urgencies=["normal", "urgent"]
    )
    await delivery.send()
    await delivery.send(urgency="urgent")
    assert await delivery.states(other) == []
    assert len(await delivery.states(urgent)) == 1
    assert len(await delivery.states(both)) == 2


async def test_rotation_signs_with_both_until_the_overlap_ends(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url())
    async with delivery.courier():
        new, until = await delivery.webhooks.rotate(hook.caller, hook.id)
        await delivery.send()
        (first,) = await receiver.until(1)
        first.verify(hook.secret)
        first.verify(new)
        delivery.clock.now = until + timedelta(seconds=1)
        await delivery.send()
        last = (await receiver.until(2))[1]
        last.verify(new)
        with pytest.raises(Exception, match="No matching signature"):
            last.verify(hook.secret)


async def test_a_paused_webhook_keeps_everything_and_a_test_goes_out_all_the_same(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.hook(receiver.url())
    await delivery.webhooks.change(hook.caller, hook.id, {"state": "paused"})
    async with delivery.courier():
        await delivery.send(3)
        await delivery.webhooks.test(hook.caller, hook.id)
        (tried,) = await receiver.until(1)
        assert tried.verify(hook.secret)["type"] == "webhook.test"
        await delivery.until_attempts(hook, 1)
        assert sorted(await delivery.states(hook)) == ["delivered", *3 * ["pending"]]
        await delivery.webhooks.change(hook.caller, hook.id, {"state": "active"})
        got = await receiver.until(4)
        assert [r.position for r in got[1:]] == sorted(r.position for r in got[1:])


async def _all_delivered(delivery: Delivery, hook: object) -> bool:
    return set(await delivery.states(hook)) == {"delivered"}  # type: ignore[arg-type]
