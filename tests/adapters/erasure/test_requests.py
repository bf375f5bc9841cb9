"""Two seats erase alone what no other agency relies on. For the rest, the others may object."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.acts.acts import Acts, Proposal
from app.adapters.erasure.by_rule import Eraser
from app.adapters.erasure.requests import ErasureRequests, RequestedErasures
from app.adapters.inbox.bell import Bell
from app.domain.acts.acts import Act, ActState
from app.domain.deliveries.recall import RecallReason
from app.domain.erasure.requests import ErasureAnswer
from app.domain.errors import ActImpossible, AlreadyAnswered, NotFound, NotYourAct
from app.domain.messages.digest import wire_time
from app.domain.messages.payloads.samples import CONSENT_REGIONAL_ID
from app.main import EFFECTS
from tests.support.callers import START, caller_with, seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ASSESSING,
    hand_over,
    special,
)

AGREED, OBJECTED = ErasureAnswer.AGREED, ErasureAnswer.OBJECTED
OTHERS = (PRISON, PROBATION)
PERIOD = timedelta(days=30)
PROSECUTOR = "prosecutor-13"


@pytest.fixture(scope="module")
async def worker_pool(office: Office) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=6) as pool:
        yield pool


@pytest.fixture
def acts(office: Office) -> Acts:
    office.clock.now = START
    return Acts(office.pool, office.clock, Bell(office.pool, office.urls.api), EFFECTS)


@pytest.fixture
def requests(office: Office) -> ErasureRequests:
    return ErasureRequests(office.pool, office.clock, Bell(office.pool, office.urls.api))


async def settle(office: Office, pool: asyncpg.Pool, after: timedelta = timedelta()) -> int:
    """Settle what is due as a worker, at some time after the start."""
    office.clock.now = START + after
    return await RequestedErasures(pool, office.clock).settle_due()


async def closed_case(office: Office) -> UUID:
    """A special adjustment that the center has closed; its id."""
    referral = await special(office, TO_ASSESSING)
    close = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    return referral


async def erase(
    acts: Acts, referral: UUID, agency: str = CENTER, reason: str = "not_needed", **detail: Any
) -> Act:
    """Have two seats of an agency decide on an erasure."""
    detail = {"reason": reason, "classes": None, **detail}
    proposal = Proposal(uuid4(), "erase", str(referral), detail)
    act, _ = await acts.propose(seat(agency, "records_officer"), proposal)
    act = await acts.approve(seat(agency), act.id)
    assert act.state is ActState.APPROVED
    return act


async def refused(acts: Acts, referral: UUID, agency: str = CENTER, **detail: Any) -> str:
    with pytest.raises(ActImpossible) as impossible:
        await erase(acts, referral, agency, **detail)
    return impossible.value.reason


async def set_hold(acts: Acts, referral: UUID, agency: str) -> None:
    detail = {"reason": "litigation", "whole_case": False}
    proposal = Proposal(uuid4(), "hold.set", str(referral), detail)
    act, _ = await acts.propose(seat(agency, "records_officer"), proposal)
    assert (await acts.approve(seat(agency), act.id)).state is ActState.APPROVED


async def is_erased(office: Office, referral: UUID) -> bool:
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1"
    return int(await office.owner.fetchval(keys, referral)) == 0


async def state(requests: ErasureRequests, agency: str, referral: UUID) -> str:
    """The state of the last request, as this agency sees it."""
    return (await requests.of_referral(agency, referral))[0]["state"]


async def items(office: Office, referral: UUID) -> set[tuple[str, str]]:
    rows = await office.owner.fetch(
        "SELECT agency_id, kind FROM inbox_item WHERE referral_id = $1 AND kind LIKE 'erasure%'",
        referral,
    )
    return {(row["agency_id"], row["kind"]) for row in rows}


async def test_what_others_hold_is_not_erased_before_they_could_object(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    for reason in ("not_needed", "subject_request", "mistaken_entry"):
        office.clock.now = START
        referral = await closed_case(office)
        act = await erase(acts, referral, reason=reason)
        assert act.outcome == {
            "request_id": str(act.id),
            "until": wire_time(START + PERIOD),
        }
        assert await items(office, referral) == {(a, "erasure.requested") for a in OTHERS}
        await settle(office, worker_pool, PERIOD - timedelta(seconds=1))
        assert not await is_erased(office, referral)
        for agency in (CENTER, *OTHERS):
            (shown,) = await requests.of_referral(agency, referral)
            assert (shown["agency_id"], shown["state"]) == (CENTER, "pending")
            assert shown["asked"] == (agency != CENTER)
        await settle(office, worker_pool, PERIOD)
        assert await is_erased(office, referral)
        for agency in (CENTER, *OTHERS):
            assert await state(requests, agency, referral) == "erased"
            assert (agency, "erasure") in await items(office, referral)


async def test_what_is_reopened_before_the_others_have_answered_is_not_erased(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    await erase(acts, referral)
    reopen = saying("special_adjustment.reopen", referral)
    await office.exchange.accept(reopen, seat(PROBATION))
    await settle(office, worker_pool, PERIOD)
    office.clock.now = START
    assert not await is_erased(office, referral)
    assert await state(requests, CENTER, referral) == "failed"


@pytest.mark.parametrize("agreed", [False, True], ids=["silence", "agreed before"])
@pytest.mark.parametrize("closed_again", [True, False])
async def test_what_came_in_after_the_others_were_asked_is_not_erased_with_the_rest(
    office: Office,
    worker_pool: asyncpg.Pool,
    acts: Acts,
    requests: ErasureRequests,
    agreed: bool,
    closed_again: bool,
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    if agreed:
        await requests.answer(seat(PROBATION), act.id, AGREED)
    office.clock.now = START + timedelta(hours=1)
    sent = ["reopen", "change_custody", *(["close"] if closed_again else [])]
    for event in sent:
        message = saying(f"special_adjustment.{event}", referral)
        await office.exchange.accept(message, seat(PROBATION))
    # A worker that looks while it is open ends the request at once, without waiting for the term.
    await settle(office, worker_pool, PERIOD if closed_again else timedelta(hours=2))
    assert not await is_erased(office, referral)
    assert await state(requests, CENTER, referral) == "failed"
    assert (PRISON, "erasure.ended") in await items(office, referral)


async def test_what_was_asked_while_it_was_open_is_not_erased_by_silence_after_its_end(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral, request = await consultation(office)
    await office.reading.open(seat(PROSECUTOR), [request])
    await erase(acts, referral, PROBATION, "mistaken_entry")
    office.clock.now = START + timedelta(hours=1)
    close = saying("suspect_support.close", referral, {"close_reason": "entered_in_error"})
    await office.exchange.accept(close, seat(PROBATION))
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)
    assert await state(requests, PROBATION, referral) == "failed"


async def test_a_withdrawal_in_what_has_ended_leaves_a_request_to_erase_as_it_is(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    await erase(acts, referral)
    office.clock.now = START + timedelta(hours=1)
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    await settle(office, worker_pool, timedelta(hours=2))
    assert await state(requests, CENTER, referral) == "pending"
    await settle(office, worker_pool, PERIOD)
    assert await is_erased(office, referral)


async def test_one_objection_ends_it_and_nobody_learns_whose_it_was(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    await requests.answer(seat(PRISON), act.id, AGREED)
    officer = seat(PROBATION, "records_officer")
    assert (await requests.answer(officer, act.id, OBJECTED))["state"] == "objected"
    assert (await requests.answer(officer, act.id, OBJECTED))["state"] == "objected"
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)
    assert await state(requests, CENTER, referral) == "objected"
    assert await state(requests, PRISON, referral) == "ended"
    assert {(CENTER, "erasure.ended"), (PRISON, "erasure.ended")} <= await items(office, referral)
    for agency in (CENTER, PRISON):
        assert PROBATION not in str(await requests.of_referral(agency, referral))
        entries = await office.owner.fetch(
            "SELECT agency_id, seat_id, agencies, detail FROM log_entry"
            " WHERE kind = 'erasure_request' AND referral_id = $1 AND $2 = ANY (agencies)",
            referral,
            agency,
        )
        assert {tuple(row["agencies"]) for row in entries} == {(agency,)}
        assert PROBATION not in str([dict(row) for row in entries])
    with pytest.raises(AlreadyAnswered):
        await requests.answer(seat(PRISON), act.id, OBJECTED)


async def test_after_an_objection_a_month_passes_before_the_next_request(
    office: Office, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    assert await refused(acts, referral) == "already_requested"
    await requests.answer(seat(PRISON), act.id, OBJECTED)
    office.clock.now = START + timedelta(days=30) - timedelta(seconds=1)
    assert await refused(acts, referral) == "too_soon"
    office.clock.now = START + timedelta(days=30)
    await erase(acts, referral)


@pytest.mark.parametrize("ends", ["pending", "withdrawn", "objected"])
async def test_a_request_of_one_agency_does_not_keep_another_one_from_asking(
    office: Office,
    worker_pool: asyncpg.Pool,
    acts: Acts,
    requests: ErasureRequests,
    ends: str,
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral, classes=["C1"])
    if ends == "withdrawn":
        await requests.withdraw(seat(CENTER, "records_officer"), act.id)
    elif ends == "objected":
        await requests.answer(seat(PRISON), act.id, OBJECTED)
    await erase(acts, referral, PROBATION, "subject_request")
    assert await refused(acts, referral, PROBATION) == "already_requested"
    for _ in range(2):  # one of them may find the case busy
        await settle(office, worker_pool, PERIOD)
    assert await is_erased(office, referral)
    assert await pending(office, referral) == 0


async def test_of_requests_at_once_each_agency_has_one(office: Office, acts: Acts) -> None:
    referral = await closed_case(office)
    agencies = (CENTER, PROBATION, CENTER, PROBATION)
    outcomes = await asyncio.gather(
        *(erase(acts, referral, agency) for agency in agencies), return_exceptions=True
    )
    assert sum(isinstance(outcome, Act) for outcome in outcomes) == 2
    assert await pending(office, referral) == 2


async def test_requests_that_have_ended_hide_none_that_waits_for_an_answer(
    office: Office, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    waiting = await erase(acts, referral, PROBATION)
    ended = await erase(acts, referral)
    await office.owner.execute(
        """
        WITH other AS (
            INSERT INTO act SELECT (jsonb_populate_record(a,
                jsonb_build_object('id', gen_random_uuid()))).*
            FROM act a, generate_series(1, 25) WHERE a.id = $1 RETURNING id
        ), request AS (
            INSERT INTO erasure_request SELECT (jsonb_populate_record(e, jsonb_build_object(
                'id', other.id, 'state', 'failed', 'settled_at', now(),
                'requested_at', e.requested_at + interval '1 hour'))).*
            FROM erasure_request e, other WHERE e.id = $1 RETURNING id
        )
        INSERT INTO erasure_answer (request_id, agency_id, referral_id)
        SELECT request.id, a.agency_id, a.referral_id
        FROM erasure_answer a, request WHERE a.request_id = $1
        """,
        ended.id,
    )
    listed = await requests.of_referral(PRISON, referral)
    assert len(listed) == 20
    pending = {each["id"] for each in listed if each["state"] == "pending"}
    assert pending == {str(waiting.id), str(ended.id)}


async def pending(office: Office, referral: UUID) -> int:
    many = "SELECT count(*) FROM erasure_request WHERE referral_id = $1 AND state = 'pending'"
    return int(await office.owner.fetchval(many, referral))


async def test_when_all_agree_it_is_erased_at_once(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    with pytest.raises(NotYourAct):
        await requests.answer(seat(PRISON, "records_officer"), act.id, AGREED)
    for agency in OTHERS:
        await settle(office, worker_pool)
        assert not await is_erased(office, referral)
        assert (await requests.answer(seat(agency), act.id, AGREED))["answer"] == "agreed"
    await settle(office, worker_pool)
    assert await is_erased(office, referral)


async def test_whoever_has_agreed_may_still_object(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    await requests.answer(seat(PRISON), act.id, AGREED)
    await requests.answer(seat(PRISON), act.id, OBJECTED)
    with pytest.raises(AlreadyAnswered):
        await requests.answer(seat(PRISON), act.id, AGREED)
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)


async def test_a_request_is_withdrawn_by_its_agency_alone(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    for agency in (*OTHERS, OTHER_CENTER):
        with pytest.raises(NotFound):
            await requests.withdraw(seat(agency), act.id)
    for agency in (CENTER, OTHER_CENTER):
        with pytest.raises(NotFound):
            await requests.answer(seat(agency), act.id, OBJECTED)
    for _ in range(2):
        withdrawn = await requests.withdraw(seat(CENTER, "records_officer"), act.id)
        assert withdrawn["state"] == "withdrawn"
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)
    assert await requests.of_referral(OTHER_CENTER, referral) == []


async def test_a_hold_that_is_set_meanwhile_prevents_it(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    act = await erase(acts, referral)
    await requests.answer(seat(PRISON), act.id, AGREED)
    await set_hold(acts, referral, PRISON)
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)
    (shown,) = await requests.of_referral(CENTER, referral)
    assert (shown["state"], shown["outcome"]) == ("failed", "held_by_another")
    (shown,) = await requests.of_referral(PROBATION, referral)
    assert (shown["state"], shown["outcome"]) == ("ended", None)


async def test_no_agency_acts_on_the_order_of_a_court(office: Office, acts: Acts) -> None:
    for referral in (await closed_case(office), await special(office, TO_ASSESSING)):
        for agency in (CENTER, PROBATION, PRISON):
            assert await refused(acts, referral, agency, reason="court_order") == "only_operators"
        assert not await is_erased(office, referral)


async def consultation(office: Office) -> tuple[UUID, UUID]:
    """A suspect's referral of the probation office, and its question to the prosecutor."""
    opening = saying("suspect_support.consult")
    await office.exchange.accept(opening, seat(PROBATION))
    consent = {"consent_id": str(uuid4())}
    for event, changes in (("explain", {}), ("consent", consent), ("ask_opinion", {})):
        to = {"to": {"prosecutor": PROSECUTOR}} if event == "ask_opinion" else {}
        message = saying(f"suspect_support.{event}", opening.id, changes, **to)
        await office.exchange.accept(message, seat(PROBATION))
    return opening.id, message.id


async def test_a_mistaken_entry_that_nobody_has_opened_is_erased_at_once(
    office: Office, acts: Acts, requests: ErasureRequests
) -> None:
    referral, _ = await consultation(office)
    for reason in ("not_needed", "subject_request"):
        assert await refused(acts, referral, PROBATION, reason=reason) == "not_closed"
    assert await refused(acts, referral, PROSECUTOR, reason="mistaken_entry") == "not_yours"
    act = await erase(acts, referral, PROBATION, "mistaken_entry")
    assert "complete_on" in act.outcome
    assert await is_erased(office, referral)
    assert (PROSECUTOR, "erasure") in await items(office, referral)
    assert await requests.of_referral(PROSECUTOR, referral) == []


@pytest.mark.parametrize("how", ["opened", "acknowledged", "opened and recalled", "sent"])
async def test_an_open_referral_that_others_rely_on_is_erased_only_if_they_say_so(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests, how: str
) -> None:
    referral, request = await consultation(office)
    if how == "acknowledged":
        head = (await office.inboxes.status(PROSECUTOR))["head"]
        await office.inboxes.acknowledge(seat(PROSECUTOR), (), head)
    elif how == "sent":
        answer = saying("suspect_support.no_objection", referral)
        await office.exchange.accept(answer, seat(PROSECUTOR))
    else:
        await office.reading.open(seat(PROSECUTOR), [request])
    if how == "opened and recalled":
        reason = RecallReason.WRONG_CONTENT
        await office.recalls.recall(seat(PROBATION), referral, request, reason, None)
    await erase(acts, referral, PROBATION, "mistaken_entry")
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)
    assert await state(requests, PROBATION, referral) == "lapsed"
    assert await state(requests, PROSECUTOR, referral) == "ended"

    office.clock.now = START + 2 * PERIOD
    act = await erase(acts, referral, PROBATION, "mistaken_entry")
    await requests.answer(seat(PROSECUTOR), act.id, AGREED)
    await settle(office, worker_pool, 2 * PERIOD)
    assert await is_erased(office, referral)


@pytest.mark.parametrize("agreed", ["before", "after", "never"])
@pytest.mark.parametrize(
    ("agency", "event", "later"),
    [
        (PROBATION, "change_custody", timedelta(hours=1)),
        (PROBATION, "withdraw_consent", timedelta(hours=1)),
        (PROSECUTOR, "no_objection", timedelta()),
        (PROBATION, "change_custody", timedelta(seconds=-2)),
    ],
    ids=["asking", "withdrawal", "asked, same time", "a clock behind"],
)
async def test_what_was_sent_in_an_open_referral_after_the_question_is_not_erased_by_agreement(
    office: Office,
    worker_pool: asyncpg.Pool,
    acts: Acts,
    requests: ErasureRequests,
    agency: str,
    event: str,
    later: timedelta,
    agreed: str,
) -> None:
    referral, request = await consultation(office)
    await office.reading.open(seat(PROSECUTOR), [request])
    act = await erase(acts, referral, PROBATION, "mistaken_entry")
    if agreed == "before":
        await requests.answer(seat(PROSECUTOR), act.id, AGREED)
    office.clock.now = START + later
    await office.exchange.accept(saying(f"suspect_support.{event}", referral), seat(agency))
    if agreed == "after":
        await requests.answer(seat(PROSECUTOR), act.id, AGREED)
    await settle(office, worker_pool, timedelta(hours=2))
    assert not await is_erased(office, referral)
    (shown,) = await requests.of_referral(PROBATION, referral)
    assert (shown["state"], shown["outcome"]) == ("failed", "not_now")
    assert (PROBATION, "erasure.ended") in await items(office, referral)

    act = await erase(acts, referral, PROBATION, "mistaken_entry")  # at once, of all that is there
    await requests.answer(seat(PROSECUTOR), act.id, AGREED)
    await settle(office, worker_pool, timedelta(hours=2))
    assert await is_erased(office, referral)


async def test_an_agency_that_reads_through_a_child_is_asked_there_and_seen_by_nobody(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    parent, child = await hand_over_with_a_shown_message(office)
    close = saying("special_adjustment.close", parent, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    act = await erase(acts, parent)
    (asked,) = await requests.of_referral(OTHER_CENTER, child)
    assert asked["id"] == str(act.id)
    assert str(parent) not in str(asked)
    assert await requests.of_referral(OTHER_CENTER, parent) == []
    assert (OTHER_CENTER, "erasure.requested") in await items(office, child)
    assert OTHER_CENTER not in str(await requests.of_referral(PROBATION, parent))
    await requests.answer(seat(OTHER_CENTER), act.id, OBJECTED)
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, parent)


async def hand_over_with_a_shown_message(office: Office) -> tuple[UUID, UUID]:
    """A case in which another center was shown a message of the parent; parent and child."""
    parent = await special(office, TO_ASSESSING)
    consent = {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    recorded = saying("special_adjustment.record_consent", parent, consent)
    await office.exchange.accept(recorded, seat(PROBATION))
    shown = await office.owner.fetchval(
        "SELECT id FROM message WHERE referral_id = $1 AND type = 'special_adjustment.interview'",
        parent,
    )
    child = saying(
        "regional_coordination.request",
        parent=parent,
        to={"destination_center": OTHER_CENTER},
        shared_messages=(shown,),
    )
    await office.exchange.accept(child, seat(CENTER))
    return parent, child.id


async def test_an_agency_that_is_switched_off_is_asked_and_objects_when_it_is_back(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    off = "UPDATE agency SET disabled_at = $2 WHERE id = ANY ($1)"
    await office.owner.execute(off, list(OTHERS), START)
    act = await erase(acts, referral)
    await office.owner.execute(off, list(OTHERS), None)
    assert await items(office, referral) == {(a, "erasure.requested") for a in OTHERS}
    await requests.answer(seat(PRISON), act.id, OBJECTED)
    await settle(office, worker_pool, PERIOD)
    assert not await is_erased(office, referral)


async def test_an_agency_that_holds_none_of_it_sees_nothing_of_a_request(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)

    async def all_visible() -> list[Any]:
        return [
            await requests.of_referral(PRISON, referral),
            await office.inboxes.status(PRISON),
            await office.reading.referral(PRISON, referral),
            await office.owner.fetchval(
                "SELECT count(*) FROM log_entry WHERE $1 = ANY (agencies)", PRISON
            ),
        ]

    before = await all_visible()
    act = await erase(acts, referral, classes=["C7"])
    (asked,) = await requests.of_referral(PROBATION, referral)
    assert asked["classes"] == ["C7"]
    assert await all_visible() == before
    for answer in (AGREED, OBJECTED):
        with pytest.raises(NotFound):
            await requests.answer(seat(PRISON), act.id, answer)
    await requests.answer(seat(PROBATION), act.id, AGREED)
    await settle(office, worker_pool)
    assert await state(requests, CENTER, referral) == "erased"
    assert await all_visible() == before


async def test_of_an_objection_and_the_erasure_at_once_one_wins(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    for _ in range(6):
        office.clock.now = START
        referral = await closed_case(office)
        act = await erase(acts, referral)
        office.clock.now = START + PERIOD
        workers = [RequestedErasures(worker_pool, office.clock) for _ in range(2)]
        outcome, *_ = await asyncio.gather(
            requests.answer(seat(PRISON), act.id, OBJECTED),
            *(worker.settle_due() for worker in workers),
            return_exceptions=True,
        )
        await workers[0].settle_due()
        objected = not isinstance(outcome, BaseException)
        assert objected or isinstance(outcome, AlreadyAnswered)
        assert await is_erased(office, referral) != objected
        assert await state(requests, CENTER, referral) == ("objected" if objected else "erased")


async def test_of_a_hold_and_the_erasure_at_once_one_wins(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    for _ in range(4):
        office.clock.now = START
        referral = await closed_case(office)
        await erase(acts, referral)
        office.clock.now = START + PERIOD
        worker = RequestedErasures(worker_pool, office.clock)
        outcome, _ = await asyncio.gather(
            set_hold(acts, referral, PRISON), worker.settle_due(), return_exceptions=True
        )
        await worker.settle_due()
        assert await is_erased(office, referral) == isinstance(outcome, BaseException)


async def test_what_one_other_agency_alone_holds_is_erased_only_if_it_agrees(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await closed_case(office)
    await make_sole_holder(office, referral, PROBATION, "C7")
    assert await refused(acts, referral, PRISON, classes=["C3"]) == "not_yours"
    await erase(acts, referral)
    await settle(office, worker_pool, PERIOD)
    left = await office.owner.fetch(
        "SELECT class FROM referral_key WHERE referral_id = $1", referral
    )
    assert {row["class"] for row in left} == {"C7"}
    ids = [
        row["id"]
        for row in await office.owner.fetch(
            "SELECT id FROM message WHERE referral_id = $1 AND class_digests ? 'C7'", referral
        )
    ]
    kept, gone = [await office.reading.open(seat(a), ids) for a in (PROBATION, CENTER)]
    assert {c for each in kept for c in each.salts} == {"C7"}
    assert not any(each.salts for each in gone)
    assert (await office.reading.referral(CENTER, referral)).reader.view.facts == {}
    (clock,) = await office.owner.fetch(
        "SELECT rule FROM retention WHERE referral_id = $1", referral
    )
    assert clock["rule"] == "case_closed"
    later = START + timedelta(days=6 * 366)
    while await Eraser(worker_pool, lambda: later).erase_due():
        pass
    assert await is_erased(office, referral)


async def make_sole_holder(office: Office, referral: UUID, agency: str, data_class: str) -> None:
    """Let only one agency have copies in a class."""
    await office.owner.execute(
        "UPDATE copy SET classes = array_remove(classes, $3)"
        " WHERE message_referral_id = $1 AND agency_id <> $2",
        referral,
        agency,
        data_class,
    )


async def test_an_agency_decides_alone_on_what_it_alone_holds(
    office: Office, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    assert await refused(acts, referral, PRISON, classes=["C4"]) == "not_yours"
    await make_sole_holder(office, referral, PRISON, "C4")
    act = await erase(acts, referral, PRISON, classes=["C4"])
    assert "complete_on" in act.outcome
    assert await requests.of_referral(PROBATION, referral) == []
    assert await refused(acts, referral, PRISON) == "not_yours"


async def test_what_the_two_operators_erase_ends_a_request(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, requests: ErasureRequests
) -> None:
    referral = await closed_case(office)
    await erase(acts, referral)
    one = caller_with(seat("prefecture-13", "operator"), seat_id="prefecture-13.operator-1")
    proposal = Proposal(uuid4(), "erase.ordered", str(referral), {"reason": "court_order"})
    ordered, _ = await acts.propose(one, proposal)
    await acts.approve(caller_with(one, seat_id="prefecture-13.operator-2"), ordered.id)
    assert await is_erased(office, referral)
    await settle(office, worker_pool)
    (shown,) = await requests.of_referral(CENTER, referral)
    assert (shown["state"], shown["outcome"]) == ("failed", "erased")


async def test_why_a_command_cannot_be_done_tells_of_a_hold_and_of_no_unseen_referral(
    office: Office, acts: Acts
) -> None:
    held = await closed_case(office)
    await set_hold(acts, held, PROBATION)
    assert await refused(acts, held) == "held_by_another"
    parent, _ = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    assert await refused(acts, parent, reason="mistaken_entry") == "not_now"
    assert await refused(acts, held, PRISON) == "not_yours"
