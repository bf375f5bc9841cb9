"""Asking for an opened copy back: two seats of the sender ask, a decider of the holder answers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.acts.acts import Acts, Proposal
from app.adapters.deliveries.recall_requests import (
    LapsingRequests,
    RecallRequest,
    RecallRequests,
)
from app.adapters.inbox.bell import Bell
from app.domain.acts.acts import ActState
from app.domain.deliveries.recall import RecallAnswer, RefusalReason
from app.domain.errors import ActImpossible, AlreadyAnswered, Invalid, NotFound, SecondSeat
from app.main import EFFECTS
from tests.adapters.deliveries.test_recall import items, request_of
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, special

OFFICER, HEAD = seat(PROBATION, "records_officer"), seat(PROBATION)
OTHER_DAY = {"change_custody": {"release_on": "2027-02-02"}}
ACCEPTED, REFUSED = RecallAnswer.ACCEPTED, RecallAnswer.REFUSED


@pytest.fixture
def acts(office: Office) -> Acts:
    return Acts(office.pool, office.clock, Bell(office.pool, office.urls.api), EFFECTS)


@pytest.fixture
def requests(office: Office) -> RecallRequests:
    bell = Bell(office.pool, office.urls.api)
    return RecallRequests(office.pool, office.clock, bell, office.replaced)


@pytest.fixture
async def lapsing(office: Office) -> AsyncIterator[LapsingRequests]:
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=2) as pool:
        yield LapsingRequests(pool, office.clock)


@pytest.fixture(autouse=True)
async def at_start(office: Office) -> AsyncIterator[None]:
    """Set the clock back after each test."""
    yield
    office.clock.now = START


async def opened_long_ago(office: Office) -> tuple[UUID, UUID]:
    """A referral, and its request for cooperation, which the center opened three days ago."""
    office.clock.now = START
    referral = await special(office)
    request = await request_of(office, referral)
    await office.reading.open(seat(CENTER), [request])
    office.clock.now = START + timedelta(days=3)
    return referral, request


def proposal(referral: UUID, message: UUID, **detail: Any) -> Proposal:
    """The act of asking for a message back."""
    stated = {"referral_id": str(referral), "reason": "wrong_content", "recipients": None}
    return Proposal(uuid4(), "recall.request", str(message), {**stated, **detail})


async def ask(office: Office, acts: Acts, requests: RecallRequests) -> RecallRequest:
    """A request that two seats of the office have made to the center."""
    referral, message = await opened_long_ago(office)
    act, _ = await acts.propose(OFFICER, proposal(referral, message))
    assert (await acts.approve(HEAD, act.id)).state is ActState.APPROVED
    (request,) = await about(requests, CENTER, message)
    return request


async def about(requests: RecallRequests, agency: str, message: UUID) -> list[RecallRequest]:
    """The requests about a message that an agency sees."""
    return [r for r in await requests.page(agency, None, 1000) if r.message_id == message]


async def kinds(office: Office, agency: str, message: UUID) -> list[str]:
    return [item["kind"] for item in await items(office, agency, message)]


async def test_it_takes_two_seats_and_empties_nothing_by_itself(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    referral, message = await opened_long_ago(office)
    act, _ = await acts.propose(HEAD, proposal(referral, message))
    with pytest.raises(SecondSeat):
        await acts.approve(HEAD, act.id)
    assert await about(requests, CENTER, message) == []
    other = await acts.propose(OFFICER, proposal(referral, message))
    await acts.approve(HEAD, other[0].id)
    (asked,) = await about(requests, CENTER, message)
    assert (asked.state, asked.message_id, asked.recipient_agency) == ("open", message, CENTER)
    assert await about(requests, PROBATION, message) == [asked]
    assert "recall.requested" in await kinds(office, CENTER, message)
    (opened,) = await office.reading.open(seat(CENTER), [message])
    assert opened.body


async def test_an_accepted_request_recalls_the_copy_as_a_misdirected_disclosure(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    settled = await requests.answer(seat(CENTER), asked.id, ACCEPTED, None)
    assert (settled.state, settled.settled_by) == ("accepted", f"{CENTER}.decider")
    assert await requests.answer(seat(CENTER), asked.id, ACCEPTED, None) == settled
    with pytest.raises(AlreadyAnswered):
        await requests.answer(seat(CENTER), asked.id, REFUSED, RefusalReason.NO_MISTAKE)
    (opened,) = await office.reading.open(seat(CENTER), [asked.message_id])
    assert opened.body == {}
    (record,) = await office.recalls.misdirected_disclosures(CENTER, None, 1)
    assert (record.message_id, record.recalled_by) == (asked.message_id, OFFICER.seat_id)
    assert record.clocks is not None
    assert (await office.reading.referral(CENTER, asked.referral_id)).reader.view.facts
    notified = await kinds(office, PROBATION, asked.message_id)
    assert {"recall.answered", "disclosure.misdirected"} <= set(notified)


async def test_after_an_accepted_request_no_consent_tells_what_the_copy_lacked(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    office.clock.now = START
    referral, special_adjustment = await special(office), "special_adjustment"
    for event in ("withdraw_consent", "change_custody"):
        said = saying(f"{special_adjustment}.{event}", referral, OTHER_DAY.get(event))
        await office.exchange.accept(said, seat(PROBATION))
    await office.reading.open(seat(CENTER), [said.id])
    office.clock.now = START + timedelta(days=3)
    act, _ = await acts.propose(OFFICER, proposal(referral, said.id))
    await acts.approve(HEAD, act.id)
    (asked,) = [r for r in await about(requests, CENTER, said.id) if r.recipient_agency == CENTER]
    await requests.answer(seat(CENTER), asked.id, ACCEPTED, None)
    renewed = saying(f"{special_adjustment}.renew_consent", referral)
    await office.exchange.accept(renewed, seat(PROBATION))
    facts = (await office.reading.referral(CENTER, referral)).reader.view.facts
    assert facts["release_on"] != OTHER_DAY["change_custody"]["release_on"]


async def test_a_refused_request_changes_nothing_and_is_not_made_again(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    with pytest.raises(Invalid):
        await requests.answer(seat(CENTER), asked.id, REFUSED, None)
    settled = await requests.answer(seat(CENTER), asked.id, REFUSED, RefusalReason.ACTED_UPON)
    assert (settled.state, settled.refusal_reason) == ("refused", "acted_upon")
    (opened,) = await office.reading.open(seat(CENTER), [asked.message_id])
    assert opened.body
    with pytest.raises(ActImpossible) as impossible:
        await acts.propose(OFFICER, proposal(asked.referral_id, asked.message_id))
    assert impossible.value.reason == "asked"


async def test_while_a_request_waits_its_copy_is_not_asked_for_again(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    with pytest.raises(ActImpossible) as impossible:
        await acts.propose(OFFICER, proposal(asked.referral_id, asked.message_id))
    assert impossible.value.reason == "asked"
    assert await about(requests, CENTER, asked.message_id) == [asked]


async def test_an_unanswered_request_lapses_for_both_to_see(
    office: Office, acts: Acts, requests: RecallRequests, lapsing: LapsingRequests
) -> None:
    asked = await ask(office, acts, requests)
    office.clock.now = asked.expires_at - timedelta(seconds=1)
    assert await lapsing.lapse_due() == 0
    office.clock.now = asked.expires_at
    (unanswered,) = await about(requests, CENTER, asked.message_id)
    assert unanswered.state == "lapsed"
    assert await lapsing.lapse_due() >= 1
    assert await lapsing.lapse_due() == 0
    for agency in (CENTER, PROBATION):
        assert "recall.lapsed" in await kinds(office, agency, asked.message_id)
    settled = await requests.answer(seat(CENTER), asked.id, ACCEPTED, None)
    assert settled.state == "lapsed"
    again, _ = await acts.propose(OFFICER, proposal(asked.referral_id, asked.message_id))
    assert (await acts.approve(HEAD, again.id)).state is ActState.APPROVED


async def test_a_request_in_a_referral_that_has_closed_lapses_when_it_is_answered(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    close = saying(
        "special_adjustment.close", asked.referral_id, {"close_reason": "family_took_over"}
    )
    await office.exchange.accept(close, seat(CENTER))
    settled = await requests.answer(seat(CENTER), asked.id, ACCEPTED, None)
    assert settled.state == "lapsed"
    (opened,) = await office.reading.open(seat(CENTER), [asked.message_id])
    assert opened.body


async def test_only_the_holder_answers_and_others_see_nothing(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    for agency in (PROBATION, PRISON, OTHER_CENTER):
        with pytest.raises(NotFound):
            await requests.answer(seat(agency), asked.id, ACCEPTED, None)
    for agency in (PRISON, OTHER_CENTER):
        assert await requests.page(agency, None, 10) == []


@pytest.mark.parametrize(
    ("agency", "reason"), [(CENTER, "not_found"), (PRISON, "not_found"), (PROBATION, "at_once")]
)
async def test_nobody_is_asked_without_need(
    office: Office, acts: Acts, agency: str, reason: str
) -> None:
    office.clock.now = START
    referral = await special(office)
    message = await request_of(office, referral)
    officer = seat(agency, "records_officer")
    expected = NotFound if reason == "not_found" else ActImpossible
    with pytest.raises(expected):
        await acts.propose(officer, proposal(referral, message))


async def test_of_an_answer_and_a_second_answer_at_once_one_holds(
    office: Office, acts: Acts, requests: RecallRequests
) -> None:
    asked = await ask(office, acts, requests)
    answers = await asyncio.gather(
        requests.answer(seat(CENTER), asked.id, ACCEPTED, None),
        requests.answer(seat(CENTER), asked.id, REFUSED, RefusalReason.NO_MISTAKE),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["AlreadyAnswered", "RecallRequest"]
