"""Endpoints prove that they want notices, and nothing else is sent to them before."""

import asyncio
import json

import pytest

from app.domain.webhooks.notices import CHALLENGES, proof, secret_text
from tests.adapters.webhooks.conftest import AGENCY, Delivery, Hook
from tests.support.receiver import OK, Answer, Received, Receiver, proving, saying


def types(receiver: Receiver) -> list[str]:
    """Of what was received."""
    return [json.loads(request.body)["type"] for request in receiver.received]


async def state(delivery: Delivery, hook: Hook) -> tuple[str, str | None]:
    row = await delivery.webhooks.read_webhook(AGENCY, hook.id)
    return row["state"], row["reason"]


async def test_what_arrived_is_sent_once_the_receiver_has_answered_the_challenge(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.unproven_hook(receiver.url())
    await delivery.send(2)
    async with delivery.courier():
        await delivery.until_attempts(hook, 1)
        assert await delivery.outcomes(hook) == ["unproven"]
        assert types(receiver) == ["webhook.challenge"]
        receiver.received[0].verify(hook.secret)
        assert await state(delivery, hook) == ("unconfirmed", None)
        receiver.answer = proving(hook.secret)
        await delivery.move(minutes=1)
        await receiver.until(4)
        await delivery.until_attempts(hook, 4)
    assert types(receiver) == 2 * ["webhook.challenge"] + 2 * ["inbox.message"]
    assert await state(delivery, hook) == ("active", None)
    assert (await delivery.webhooks.read_webhook(AGENCY, hook.id))["failures"] == 0


def answering(make: object) -> Answer:
    """Answers a challenge with what `make` makes of the request."""

    async def answer(request: Received, _writer: asyncio.StreamWriter) -> bytes:
        body: bytes = make(request)  # type: ignore[operator]
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    return answer


def challenge_in(request: Received) -> str:
    challenge: str = json.loads(request.body)["data"]["challenge"]
    return challenge


OTHER = b"k" * 32
WRONG: dict[str, Answer] = {
    "takes everything": saying("204 No Content"),
    "sends everything back": answering(lambda request: request.body),
    "sends the challenge back": answering(
        lambda request: json.dumps({"proof": challenge_in(request)}).encode()
    ),
    "has another secret": answering(
        lambda request: json.dumps({"proof": proof(OTHER, challenge_in(request))}).encode()
    ),
    "answers nonsense": answering(lambda _request: b'["proof"]'),
    "answers a number": answering(lambda _request: b'{"proof": 1}'),
    "answers deeply": answering(lambda _request: 500 * b"[" + 500 * b"]"),
    "refuses": saying("404 Not Found"),
    "redirects": saying("307 Elsewhere", "Location: /"),
}


@pytest.mark.parametrize("how", WRONG)
async def test_a_host_that_cannot_prove_that_it_wants_notices_gets_none(
    delivery: Delivery, receiver: Receiver, how: str
) -> None:
    receiver.answer = WRONG[how]
    hook = await delivery.unproven_hook(receiver.url())
    await delivery.send()
    async with delivery.courier():
        for many in range(1, CHALLENGES + 1):
            await delivery.until_attempts(hook, many)
            await delivery.move(hours=1)
        await delivery.until(lambda: _given_up(delivery, hook))
        await delivery.move(hours=1)
    assert types(receiver) == CHALLENGES * ["webhook.challenge"]
    assert await state(delivery, hook) == ("unconfirmed", "no_proof")


async def _given_up(delivery: Delivery, hook: Hook) -> bool:
    return await state(delivery, hook) == ("unconfirmed", "no_proof")


async def test_a_host_that_says_that_it_is_gone_is_not_asked_again(
    delivery: Delivery, receiver: Receiver
) -> None:
    receiver.answer = saying("410 Gone")
    hook = await delivery.unproven_hook(receiver.url())
    async with delivery.courier():
        await delivery.until_attempts(hook, 1)
        await delivery.until(lambda: _given_up(delivery, hook))


async def test_a_test_asks_again_and_another_url_has_to_prove_itself_anew(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.unproven_hook(receiver.url("/a"))
    async with delivery.courier():
        await delivery.until_attempts(hook, 1)
        receiver.answer = proving(hook.secret)
        await delivery.webhooks.test(hook.caller, hook.id)
        await delivery.until_attempts(hook, 2)
        assert await state(delivery, hook) == ("active", None)
        await delivery.webhooks.change(hook.caller, hook.id, {"url": receiver.url("/a")})
        assert await state(delivery, hook) == ("active", None)
        receiver.answer = saying("200 OK")
        await delivery.webhooks.change(hook.caller, hook.id, {"url": receiver.url("/b")})
        await delivery.send()
        await delivery.until_attempts(hook, 3)
        assert await state(delivery, hook) == ("unconfirmed", None)
        assert receiver.received[-1].path == "/b"
    assert types(receiver) == 3 * ["webhook.challenge"]


async def test_a_proof_that_comes_after_the_url_was_changed_does_not_count(
    delivery: Delivery, receiver: Receiver
) -> None:
    hook = await delivery.unproven_hook(receiver.url("/a"))
    prove, answer_now = proving(hook.secret), asyncio.Event()

    async def late(request: Received, writer: asyncio.StreamWriter) -> bytes | None:
        if request.path == "/b":
            return OK
        await answer_now.wait()
        return await prove(request, writer)

    receiver.answer = late
    async with delivery.courier():
        await receiver.until(1)
        await delivery.webhooks.change(hook.caller, hook.id, {"url": receiver.url("/b")})
        answer_now.set()
        await delivery.until_attempts(hook, 2)
    assert await state(delivery, hook) == ("unconfirmed", None)


def test_a_proof_is_no_signature_of_a_notice() -> None:
    """Whoever gets a receiver to answer a forged challenge has nothing that it would take."""
    secret = secret_text(OTHER)
    headers = {
        "webhook-id": "webhook",
        "webhook-timestamp": "challenge",
        "webhook-signature": f"v1,{proof(OTHER, 'a body')}",
    }
    with pytest.raises(Exception, match="Invalid Signature Headers"):
        Received("/", headers, b"a body", 0.0, 0).verify(secret)


async def test_endpoints_at_one_host_share_what_is_sent_there_at_once(
    delivery: Delivery, receiver: Receiver
) -> None:
    go = asyncio.Event()

    async def waiting(_request: Received, _writer: asyncio.StreamWriter) -> bytes:
        await go.wait()
        return OK

    async with Receiver() as other:
        receiver.answer = waiting
        hooks = [await delivery.hook(receiver.url(f"/{n}")) for n in range(6)]
        await delivery.hook(other.url())
        await delivery.send(20)
        async with delivery.courier():
            await other.until(20)
            assert receiver.most_under_way <= 6 * 10 < 6 * 16
            assert {r.path for r in receiver.received} == {f"/{n}" for n in range(6)}
            go.set()
            await receiver.until(6 * 20)
            for hook in hooks:
                await delivery.until_attempts(hook, 20)
