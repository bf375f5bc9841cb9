"""Erasure: keys go when their time has come, all at once, and nothing else changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.acts.acts import Acts, Proposal
from app.adapters.erasure.by_rule import Eraser
from app.adapters.erasure.held_keys import HeldKeys
from app.adapters.erasure.overwriting import KeyOverwriting
from app.adapters.erasure.reminders import HoldReminders
from app.adapters.erasure.rows import HoldJson
from app.adapters.inbox.bell import Bell
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Opened, Reading
from app.adapters.service.figures import Figures
from app.domain.acts.acts import ActState
from app.domain.calendar.clock import JAPAN
from app.domain.errors import (
    ActImpossible,
    GuardFailed,
    IdReused,
    IllegalMove,
    NotFound,
    NotYourStep,
    SecondSeat,
)
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

YEARS = timedelta(days=366)
LATER = START + 5 * YEARS + timedelta(days=2)
OFFICER, HEAD = seat(CENTER, "records_officer"), seat(CENTER, "decider")
OPERATOR = caller_with(seat("prefecture-13", "operator"), seat_id="prefecture-13.operator-1")
OTHER_OPERATOR = caller_with(OPERATOR, seat_id="prefecture-13.operator-2")


@pytest.fixture(scope="module")
async def worker_pool(office: Office) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=6) as pool:
        yield pool


@pytest.fixture
def acts(office: Office) -> Acts:
    return Acts(office.pool, office.clock, Bell(office.pool, office.urls.api), EFFECTS)


async def erase_until(pool: asyncpg.Pool, at: datetime) -> int:
    """Erase as a worker at that moment; how many referrals it erased."""
    eraser, total = Eraser(pool, lambda: at), 0
    while count := await eraser.erase_due():
        total += count
    return total


async def close_case(office: Office) -> UUID:
    """Play a special adjustment that the center accepts and closes; its id."""
    referral = await special(office, TO_ASSESSING)
    close = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, HEAD)
    return referral


async def clear_suspect(office: Office) -> UUID:
    """A suspect's referral in which the person was cleared, and support goes on."""
    opening = saying("suspect_support.consult", to={"probation_office": PROBATION})
    await office.exchange.accept(opening, seat("prosecutor-13"))
    for agency, event, changes in (
        ("prosecutor-13", "explain", {}),
        ("prosecutor-13", "consent", {"consent_id": str(uuid4())}),
        (PROBATION, "release_disposition", {"disposition": "no_suspicion"}),
    ):
        message = saying(f"suspect_support.{event}", opening.id, changes)
        await office.exchange.accept(message, seat(agency))
    return opening.id


async def messages(office: Office, referral: UUID) -> list[UUID]:
    rows = await office.owner.fetch("SELECT id FROM message WHERE referral_id = $1", referral)
    return [row["id"] for row in rows]


async def open_all(office: Office, agency: str, referral: UUID) -> list[Opened]:
    return await office.reading.open(seat(agency), await messages(office, referral))


async def erase_by_order(acts: Acts, referral: UUID, **detail: Any) -> ActState:
    """Have it erased by two operators, who ask nobody; the state of the act."""
    detail = {"reason": "court_order", "classes": None, **detail}
    act, _ = await acts.propose(OPERATOR, Proposal(uuid4(), "erase.ordered", str(referral), detail))
    return (await acts.approve(OTHER_OPERATOR, act.id)).state


async def hold(
    acts: Acts,
    referral: UUID,
    agency: str = CENTER,
    kind: str = "hold.set",
    *,
    whole_case: bool = True,
) -> None:
    detail = {"reason": "litigation", "whole_case": whole_case} if kind == "hold.set" else {}
    proposal = Proposal(uuid4(), kind, str(referral), detail)
    act, _ = await acts.propose(seat(agency, "records_officer"), proposal)
    assert (await acts.approve(seat(agency), act.id)).state is ActState.APPROVED


async def test_a_closed_case_is_erased_when_its_time_has_come_and_not_a_day_before(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral = await close_case(office)
    before = {each.envelope["id"]: each for each in await open_all(office, CENTER, referral)}
    assert all(each.body for each in before.values())
    over = datetime(2031, 11, 24, tzinfo=START.tzinfo)
    await erase_until(worker_pool, over - timedelta(milliseconds=1))
    assert all(each.body for each in await open_all(office, CENTER, referral))

    await erase_until(worker_pool, over)

    for each in await open_all(office, CENTER, referral):
        assert each.body == {}
        assert each.salts == {}
        assert {why for _, why in each.withheld} <= {"erased", "not_your_class"}
        assert each.envelope["erased"] is not None
        assert each.envelope["erased"]["C0"]["because"] == "case_closed"
        same = {"digest", "digests", "receipt", "number", "type"}
        now, old = dict(each.envelope), dict(before[each.envelope["id"]].envelope)
        assert {n: now[n] for n in same} == {n: old[n] for n in same}
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1"
    assert await office.owner.fetchval(keys, referral) == 0
    view = await office.reading.referral(CENTER, referral)
    assert view.reader.view.facts == {}


async def test_each_agency_is_told_of_what_it_had_and_of_nobody_else(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral = await close_case(office)
    await erase_until(worker_pool, LATER)
    entries = await office.owner.fetch(
        "SELECT agencies, agency_id, detail FROM log_entry"
        " WHERE kind = 'erasure' AND referral_id = $1",
        referral,
    )
    assert sorted(row["agencies"] for row in entries) == [[CENTER], [PRISON], [PROBATION]]
    assert {row["agency_id"] for row in entries} == {None}
    items = await office.owner.fetch(
        "SELECT agency_id FROM inbox_item WHERE kind = 'erasure' AND referral_id = $1", referral
    )
    assert {row["agency_id"] for row in items} <= {CENTER, PRISON, PROBATION}
    assert len(items) == len({row["agency_id"] for row in items})
    for agency in (CENTER, PRISON, PROBATION):
        shown = await office.erasures.of_referral(agency, referral)
        assert {row["because"] for row in shown} == {"case_closed"}
        assert all(row["complete_on"] > row["erased_at"][:10] for row in shown)


async def test_it_is_told_when_no_trace_of_a_key_is_left_and_when_that_takes_too_long(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    await KeyOverwriting(worker_pool, lambda: LATER).run()  # after the other tests
    referral = await close_case(office)
    await erase_until(worker_pool, LATER)
    overwritten_by = LATER + timedelta(days=1)
    in_time, too_late = (
        Figures(office.pool, lambda: overwritten_by),
        Figures(office.pool, lambda: overwritten_by + timedelta(seconds=1)),
    )
    before = await office.erasures.of_referral(CENTER, referral)
    assert {row["overwritten_at"] for row in before} == {None}
    assert not (await in_time.read()).overwriting.late
    assert (await too_late.read()).overwriting.late

    await KeyOverwriting(worker_pool, lambda: overwritten_by).run()

    after = await office.erasures.of_referral(CENTER, referral)
    assert {datetime.fromisoformat(row["overwritten_at"] or "") for row in after} == {
        overwritten_by
    }
    assert not (await too_late.read()).overwriting.late
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await office.owner.execute("UPDATE erasure SET erased_at = now()")


async def test_the_same_id_still_gets_its_first_receipt(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    opening = saying("special_adjustment.notify_candidate")
    first = await office.exchange.accept(opening, seat(PRISON))
    for agency, event in TO_ASSESSING:
        message = saying(f"special_adjustment.{event}", opening.id)
        await office.exchange.accept(message, seat(agency))
    close = saying("special_adjustment.close", opening.id, {"close_reason": "family_took_over"})
    last = await office.exchange.accept(close, HEAD)
    await erase_until(worker_pool, LATER)
    assert (await office.exchange.accept(opening, seat(PRISON))).answer == first.answer
    assert (await office.exchange.accept(close, HEAD)).answer == last.answer
    with pytest.raises(NotYourStep):  # as a new message of its own would be
        await office.exchange.accept(opening, seat(PROBATION))


async def test_a_partial_erasure_leaves_the_receipt_and_still_tells_another_content(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    opening = saying("special_adjustment.notify_candidate", referral, id=referral)
    assert await erase_by_order(acts, referral, classes=["C4", "C2"]) is ActState.APPROVED
    assert (await office.exchange.accept(opening, seat(PRISON))).repeated
    other = saying(
        "special_adjustment.notify_candidate",
        referral,
        {"sentence_end_date": "2027-03-16"},
        id=referral,
    )
    with pytest.raises(IdReused):
        await office.exchange.accept(other, seat(PRISON))
    for each in await open_all(office, CENTER, referral):
        assert "C0" in each.salts
        assert ("C4", "erased") in each.withheld or "C4" not in each.envelope["digests"]


async def test_whoever_was_cleared_has_c4_purged_while_support_goes_on(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral = await clear_suspect(office)
    over = START + timedelta(days=91)
    await erase_until(worker_pool, over.replace(hour=0) - timedelta(seconds=1))
    assert any("C4" in each.salts for each in await open_all(office, PROBATION, referral))

    await erase_until(worker_pool, over.replace(hour=0))

    read = await open_all(office, PROBATION, referral)
    assert not any("C4" in each.salts for each in read)
    assert any("C1" in each.salts for each in read)
    facts = (await office.reading.referral(PROBATION, referral)).reader.view.facts
    assert not {"disposition", "cleared", "custody_stage", "released_on"} & facts.keys()
    with pytest.raises(GuardFailed) as refused:
        await office.exchange.accept(
            saying("suspect_support.apply_relief", referral), seat(PROBATION)
        )
    (failed,) = refused.value.facts["guards"]
    erased = ["applied_on", "written", "category", "opinion_heard_on"]
    assert failed["name"] == "class_not_erased"
    assert failed["needs"] == [f"/body/{name}" for name in erased]
    close = saying("suspect_support.close", referral, {"close_reason": "acquitted_or_cleared"})
    assert (await office.exchange.accept(close, seat(PROBATION))).answer.state == "closed"
    await erase_until(worker_pool, LATER + YEARS)
    assert not any(each.body for each in await open_all(office, PROBATION, referral))


async def explain_to_suspect(office: Office) -> UUID:
    """A suspect's referral in which the person may refuse now."""
    opening = saying("suspect_support.consult", to={"probation_office": PROBATION})
    await office.exchange.accept(opening, seat("prosecutor-13"))
    explain = saying("suspect_support.explain", opening.id)
    await office.exchange.accept(explain, seat("prosecutor-13"))
    return opening.id


async def refuse_support(office: Office, referral: UUID) -> None:
    await office.exchange.accept(saying("suspect_support.refuse", referral), seat("prosecutor-13"))


async def keys_and_kept_keys(office: Office, referral: UUID) -> tuple[int, int]:
    row = await office.row(
        "SELECT (SELECT count(*) FROM referral_key WHERE referral_id = $1) AS keys,"
        " (SELECT count(*) FROM held_key WHERE referral_id = $1) AS kept",
        referral,
    )
    return row["keys"], row["kept"]


async def test_a_refusal_is_erased_at_once(office: Office) -> None:
    referral = await explain_to_suspect(office)
    await refuse_support(office, referral)
    row = await office.row(
        "SELECT count(*) AS n, min(rule) AS rule, min(complete_on - erased_at::date) AS days"
        " FROM erasure WHERE referral_id = $1",
        referral,
    )
    assert row["n"] > 0
    assert (row["rule"], row["days"]) == ("refused", 36)
    assert await keys_and_kept_keys(office, referral) == (0, 0)
    clocks = "SELECT count(*) FROM retention WHERE referral_id = $1"
    assert await office.owner.fetchval(clocks, referral) == 0


def withheld_by_type(opened: list[Opened]) -> dict[str, Any]:
    return {each.envelope["type"]: each.withheld for each in opened}


@pytest.mark.parametrize("ends", ["lifted", "run out"])
async def test_after_a_refusal_nobody_opens_anything_and_a_hold_keeps_the_keys_until_it_ends(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, ends: str
) -> None:
    referral = await explain_to_suspect(office)
    free = await explain_to_suspect(office)
    await hold(acts, referral, "prosecutor-13")
    for each in (referral, free):
        await refuse_support(office, each)
    keys, kept = await keys_and_kept_keys(office, referral)
    assert (keys, kept > 0) == (0, True)
    for agency in ("prosecutor-13", PROBATION):
        held, plain = [await open_all(office, agency, each) for each in (referral, free)]
        assert not any(each.body for each in held)
        assert withheld_by_type(held) == withheld_by_type(plain)
        shown = [await office.erasures.of_referral(agency, each) for each in (referral, free)]
        assert [row["class"] for row in shown[0]] == [row["class"] for row in shown[1]]
        assert {row["complete_on"] for row in shown[0]} == {r["complete_on"] for r in shown[1]}
    assert await office.erasures.held(PROBATION, referral) is not None
    assert await office.erasures.held(PROBATION, free) is None
    keeper = HeldKeys(worker_pool, office.clock)
    assert await keeper.destroy_due() == 0
    with pytest.raises(asyncpg.CheckViolationError):
        await office.owner.execute("DELETE FROM held_key WHERE referral_id = $1", referral)

    if ends == "lifted":
        await hold(acts, referral, "prosecutor-13", "hold.lift")
    else:
        await age_holds(office, referral, timedelta(days=367))
    assert await keeper.destroy_due() == 1

    assert await keys_and_kept_keys(office, referral) == (0, 0)
    assert await office.erasures.held(PROBATION, referral) is None
    told = await office.owner.fetch(
        "SELECT unnest(agencies) AS agency, detail FROM log_entry"
        " WHERE kind = 'erasure' AND referral_id = $1",
        referral,
    )
    assert {row["agency"] for row in told} == {"prosecutor-13", PROBATION}
    assert await keeper.destroy_due() == 0


async def test_a_hold_that_keeps_keys_after_a_refusal_is_renewed_and_no_other_is_set(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await explain_to_suspect(office)
    await hold(acts, referral, "prosecutor-13")
    await refuse_support(office, referral)
    await age_holds(office, referral, timedelta(days=300))
    with pytest.raises(ActImpossible) as refused:
        await hold(acts, referral, PROBATION)
    assert refused.value.reason == "erased"
    await hold(acts, referral, "prosecutor-13")
    await age_holds(office, referral, timedelta(days=300))
    assert await HeldKeys(worker_pool, office.clock).destroy_due() == 0
    assert (await keys_and_kept_keys(office, referral))[1] > 0


async def test_whatever_deletes_a_key_under_a_hold_takes_it_out_of_use_and_destroys_nothing(
    office: Office, acts: Acts
) -> None:
    deletions = (
        "SELECT drop_keys($1, ARRAY['C0', 'C1'], now(), 'commanded', NULL, current_date)",
        "DELETE FROM referral_key WHERE referral_id = $1 AND class IN ('C0', 'C1')",
    )
    for deletion in deletions:
        referral = await close_case(office)
        await hold(acts, referral, PROBATION)
        before = await keys_and_kept_keys(office, referral)
        await office.owner.execute(deletion, referral)
        assert await keys_and_kept_keys(office, referral) == (before[0] - 2, 2)
        for each in await open_all(office, CENTER, referral):
            assert {("C0", "erased")} <= set(each.withheld)


async def test_the_record_of_consents_is_not_deleted_under_a_hold_whoever_asks(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    rows = {"at": office.clock().isoformat(), "referral_id": str(referral), "rule": "ledger"}
    with pytest.raises(asyncpg.CheckViolationError):
        await worker_pool.execute("SELECT erase_ledger($1)", json.dumps({**rows, "clocks": []}))
    count = "SELECT count(*) FROM consent WHERE referral_id = $1"
    assert await office.owner.fetchval(count, referral) > 0


async def test_of_a_hold_and_a_refusal_at_once_the_hold_is_refused_or_keeps_the_keys(
    office: Office, acts: Acts
) -> None:
    for _ in range(5):
        referral = await explain_to_suspect(office)
        outcomes = await asyncio.gather(
            hold(acts, referral, PROBATION),
            refuse_support(office, referral),
            return_exceptions=True,
        )
        keys, kept = await keys_and_kept_keys(office, referral)
        assert keys == 0
        assert (kept > 0) == (outcomes[0] is None)


async def test_a_hold_stops_the_clock_of_its_whole_case_until_it_is_lifted(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    await erase_until(worker_pool, LATER)
    assert all(each.body for each in await open_all(office, CENTER, referral))
    # Found to be held, it is no longer in the way of those behind it.
    assert await erase_until(worker_pool, LATER) == 0
    await hold(acts, referral, PROBATION, "hold.lift")
    await erase_until(worker_pool, LATER)
    assert not any(each.body for each in await open_all(office, CENTER, referral))


@pytest.mark.parametrize("whole_case", [True, False])
async def test_a_hold_binds_in_the_other_referrals_of_its_case_only_if_it_is_of_the_whole_case(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts, whole_case: bool
) -> None:
    parent, child = await hand_over(office, ("center-27", "acknowledge"), ("center-27", "accept"))
    close = saying("special_adjustment.close", parent, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, HEAD)
    await hold(acts, parent, CENTER, whole_case=whole_case)
    await erase_until(worker_pool, LATER)
    assert all(each.body for each in await open_all(office, CENTER, parent))
    assert any(each.body for each in await open_all(office, CENTER, child)) is whole_case


async def test_a_hold_of_the_whole_case_keeps_what_its_holder_reads_through_a_child(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    find = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.request_cooperation'"
    shared = (await office.owner.fetchval(find, parent),)
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=shared)
    await office.exchange.accept(offer, seat(CENTER))
    await hold(acts, child, OTHER_CENTER)
    close = saying("special_adjustment.close", parent, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, HEAD)
    await erase_until(worker_pool, LATER)
    assert all(each.body for each in await open_all(office, CENTER, parent))


async def age_holds(office: Office, referral: UUID, by: timedelta) -> None:
    """Let the holds of a referral have been set earlier."""
    aged = (
        "UPDATE legal_hold SET set_at = set_at - $2::interval, until = until - $2::interval"
        " WHERE referral_id = $1"
    )
    await office.owner.execute(aged, referral, by)


async def test_a_hold_binds_for_a_year_unless_it_is_renewed(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    await erase_until(worker_pool, LATER)
    await age_holds(office, referral, timedelta(days=29))
    with pytest.raises(ActImpossible) as refused:
        await hold(acts, referral, PROBATION)
    assert refused.value.reason == "already_held"
    await age_holds(office, referral, timedelta(days=331))
    await hold(acts, referral, PROBATION)  # renewed
    assert await erase_until(worker_pool, LATER) == 0
    await age_holds(office, referral, timedelta(days=367))
    await erase_until(worker_pool, LATER)
    assert not any(each.body for each in await open_all(office, CENTER, referral))


async def hold_of(office: Office, agency: str, referral: UUID) -> HoldJson:
    rows = await office.erasures.holds(agency, None, 50)
    (row,) = [row for row in rows if row["referral_id"] == str(referral)]
    return row


async def set_hold_until(acts: Acts, referral: UUID, until: date, agency: str = PROBATION) -> None:
    detail = {"reason": "litigation", "whole_case": True, "until": until.isoformat()}
    proposal = Proposal(uuid4(), "hold.set", str(referral), detail)
    act, _ = await acts.propose(seat(agency, "records_officer"), proposal)
    assert (await acts.approve(seat(agency), act.id)).state is ActState.APPROVED


async def lift(acts: Acts, referral: UUID) -> None:
    proposal = Proposal(uuid4(), "hold.lift", str(referral), {})
    act, _ = await acts.propose(seat(PROBATION, "records_officer"), proposal)
    await acts.approve(seat(PROBATION), act.id)


async def end_hold_in(office: Office, referral: UUID, days: int) -> None:
    """Let the hold of a referral end so many days from now, by the database's clock."""
    moved = "UPDATE legal_hold SET until = now() + $2::interval WHERE referral_id = $1"
    await office.owner.execute(moved, referral, timedelta(days=days))


async def test_a_hold_that_has_ended_is_none_before_any_worker_looks(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    assert (await hold_of(office, PROBATION, referral))["until"]
    await end_hold_in(office, referral, -1)
    listed = await office.erasures.holds(PROBATION, None, 50)
    assert str(referral) not in {row["referral_id"] for row in listed}
    assert await office.erasures.held(CENTER, referral) is None
    with pytest.raises(ActImpossible) as refused:
        await lift(acts, referral)
    assert refused.value.reason == "not_held"
    await hold(acts, referral, PROBATION)
    assert await office.erasures.held(CENTER, referral) is not None
    of_both = "SELECT count(*) FROM legal_hold WHERE referral_id = $1"
    assert await office.owner.fetchval(of_both, referral) == 2
    await lift(acts, referral)


async def test_a_hold_that_ends_soon_is_renewed_at_once_and_one_that_goes_on_is_not(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    before = await hold_of(office, PROBATION, referral)
    with pytest.raises(ActImpossible) as refused:
        await hold(acts, referral, PROBATION)
    assert refused.value.reason == "already_held"
    await end_hold_in(office, referral, 5)
    await hold(acts, referral, PROBATION)
    renewed = await hold_of(office, PROBATION, referral)
    assert (renewed["id"], renewed["until"]) == (before["id"], before["until"])


async def test_a_hold_ends_with_the_day_that_its_holder_chose(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await close_case(office)
    today = office.clock().astimezone(JAPAN).date()
    await set_hold_until(acts, referral, today + timedelta(days=60))
    held = await hold_of(office, PROBATION, referral)
    end = datetime.fromisoformat(held["until"]).astimezone(JAPAN)
    assert end == datetime.combine(today + timedelta(days=61), time(0), JAPAN)
    for impossible in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(ActImpossible) as refused:
            await set_hold_until(acts, referral, impossible)
        assert refused.value.reason == "until_impossible"
    await erase_until(worker_pool, LATER)
    assert all(each.body for each in await open_all(office, CENTER, referral))
    await age_holds(office, referral, timedelta(days=90))
    await erase_until(worker_pool, LATER)
    assert not any(each.body for each in await open_all(office, CENTER, referral))


async def test_who_decides_on_erasure_reads_that_there_is_a_hold_and_others_do_not(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    assert await office.erasures.held(CENTER, referral) is None
    await hold(acts, referral, PRISON)
    held = await hold_of(office, PRISON, referral)
    told = await office.erasures.held(CENTER, referral)
    assert told is not None
    assert (told["since"], told["until"]) == (held["set_at"], held["until"])
    assert PRISON not in str(told)
    assert await office.erasures.held(PRISON, referral) is None
    assert await office.erasures.held("center-27", referral) is None
    await hold(acts, referral, PRISON, "hold.lift")
    assert await office.erasures.held(CENTER, referral) is None


async def test_an_agency_is_reminded_once_before_its_hold_ends(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await close_case(office)
    await hold(acts, referral, PROBATION)
    ending = (
        "SELECT count(*) FROM inbox_item"
        " WHERE kind = 'hold.ending' AND agency_id = $1 AND referral_id = $2"
    )

    async def remind(after: timedelta) -> int:
        now = office.clock() + after
        await HoldReminders(worker_pool, lambda: now).remind()
        return int(await office.owner.fetchval(ending, PROBATION, referral))

    assert await remind(timedelta(days=330)) == 0
    assert await remind(timedelta(days=340)) == 1
    assert await remind(timedelta(days=341)) == 1
    await age_holds(office, referral, timedelta(days=340))
    await hold(acts, referral, PROBATION)  # renewed
    assert await remind(timedelta(days=330)) == 1
    assert await remind(timedelta(days=340)) == 2
    others = (
        "SELECT count(*) FROM inbox_item"
        " WHERE kind = 'hold.ending' AND agency_id <> $1 AND referral_id = $2"
    )
    assert await office.owner.fetchval(others, PROBATION, referral) == 0


async def test_a_former_party_holds_nothing_and_its_hold_ends_with_its_part(
    office: Office, worker_pool: asyncpg.Pool, acts: Acts
) -> None:
    referral = await special(office, TO_ASSESSING)
    await hold(acts, referral, PRISON)
    leaving = {"institution": "prison-osaka"}
    transfer = saying("special_adjustment.transfer_institution", referral, to=leaving)
    await office.exchange.accept(transfer, seat(PRISON))
    close = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, HEAD)
    officer = seat(PRISON, "records_officer")
    detail = {"reason": "litigation", "whole_case": True}
    with pytest.raises(ActImpossible) as refused:
        await acts.propose(officer, Proposal(uuid4(), "hold.set", str(referral), detail))
    assert refused.value.reason == "party_ended"
    ending = office.clock() + timedelta(days=340)
    await HoldReminders(worker_pool, lambda: ending).remind()
    reminders = "SELECT count(*) FROM inbox_item WHERE kind = 'hold.ending' AND referral_id = $1"
    assert await office.owner.fetchval(reminders, referral) == 0
    await erase_until(worker_pool, LATER)
    assert not any(each.body for each in await open_all(office, CENTER, referral))


async def test_a_case_that_was_reopened_is_not_erased_and_one_that_was_erased_not_reopened(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral, other = await close_case(office), await close_case(office)
    reopen = saying("special_adjustment.reopen", referral)
    assert (await office.exchange.accept(reopen, seat(PROBATION))).answer.state == "assessing"
    await erase_until(worker_pool, LATER)
    assert all(each.body for each in await open_all(office, CENTER, referral))
    too_late = saying("special_adjustment.reopen", other)
    with pytest.raises(GuardFailed) as refused:
        await office.exchange.accept(too_late, seat(PROBATION))
    assert "nothing_erased" in {guard["name"] for guard in refused.value.facts["guards"]}
    views = "SELECT view -> 'back' FROM party WHERE referral_id = $1"
    assert {row[0] for row in await office.owner.fetch(views, other)} == {"[]"}


async def test_a_child_keeps_its_parent_readable_until_the_whole_case_is_old_enough(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    events = (("center-27", "acknowledge"), ("center-27", "accept"))
    parent, child = await hand_over(office, *events)
    close = saying("special_adjustment.close", parent, {"close_reason": "family_took_over"})
    rows = "SELECT rule FROM retention WHERE referral_id = ANY ($1)"
    assert await office.owner.fetch(rows, [parent, child]) == []
    await office.exchange.accept(close, HEAD)
    rules = [row["rule"] for row in await office.owner.fetch(rows, [parent, child])]
    assert rules == ["case_closed", "case_closed"]
    await erase_until(worker_pool, LATER)
    for agency, referral in ((CENTER, parent), ("center-27", child)):
        assert not any(each.body for each in await open_all(office, agency, referral))


async def test_the_record_of_consents_stays_another_year_and_then_goes(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral = await close_case(office)
    await erase_until(worker_pool, LATER)
    count = "SELECT count(*) FROM consent WHERE referral_id = $1"
    assert await office.owner.fetchval(count, referral) > 0
    await erase_until(worker_pool, LATER + YEARS + timedelta(days=1))
    assert await office.owner.fetchval(count, referral) == 0
    clocks = "SELECT count(*) FROM retention WHERE referral_id = $1"
    assert await office.owner.fetchval(clocks, referral) == 0


async def test_by_command_all_or_some_classes_go_and_their_readers_are_told(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    assert await erase_by_order(acts, referral) is ActState.APPROVED
    assert not any(each.body for each in await open_all(office, PROBATION, referral))
    assert {r["because"] for r in await office.erasures.of_referral(PRISON, referral)} == {
        "commanded"
    }


async def test_an_open_referral_that_a_court_had_erased_takes_nothing_more(
    office: Office, acts: Acts
) -> None:
    referral = await special(office, TO_ASSESSING)
    assert await erase_by_order(acts, referral) is ActState.APPROVED
    assert (await office.reading.referral(CENTER, referral)).reader.view.state == "closed"
    for agency, refused in ((CENTER, IllegalMove), (PROBATION, NotYourStep)):
        with pytest.raises(refused):
            await office.exchange.accept(
                saying("special_adjustment.interview", referral), seat(agency)
            )
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1"
    assert await office.owner.fetchval(keys, referral) == 0


class Halting(Reading):
    """A reader that waits between reading messages and logging the openings."""

    def __init__(self, office: Office) -> None:
        super().__init__(office.pool, office.reading._vault, office.clock)
        self.looked, self.go_on = asyncio.Event(), asyncio.Event()

    async def _record_disclosures(self, *arguments: Any) -> bool:
        self.looked.set()
        await self.go_on.wait()
        return await super()._record_disclosures(*arguments)


async def test_what_was_read_before_an_erasure_and_not_yet_told_is_not_told(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    reader, ids = Halting(office), await messages(office, referral)
    reading = asyncio.create_task(reader.open(HEAD, ids))
    await reader.looked.wait()
    assert await erase_by_order(acts, referral) is ActState.APPROVED
    reader.go_on.set()
    assert not any(each.body for each in await reading)


class Race:
    """Readers, senders and two workers at once, until all of some referrals are erased."""

    def __init__(self, office: Office, worker_pool: asyncpg.Pool, referrals: list[UUID]) -> None:
        self.office, self.pool, self.referrals = office, worker_pool, referrals
        self.gone = set[UUID]()
        self.over = asyncio.Event()

    async def read(self, referral: UUID) -> None:
        """Open all messages again and again; once a referral is erased they must be empty."""
        ids = await messages(self.office, referral)
        while not self.over.is_set():
            was_gone = referral in self.gone
            read = await self.office.reading.open(HEAD, ids)
            assert not (was_gone and any(each.body for each in read))

    async def send(self, referral: UUID) -> None:
        """Send what a closed referral does not take."""
        while not self.over.is_set():
            message = saying("special_adjustment.interview", referral)
            with pytest.raises(IllegalMove):
                await self.office.exchange.accept(message, HEAD)

    async def watch(self) -> None:
        """Read from the database which referrals are erased."""
        wanted = set(self.referrals)
        while self.gone != wanted:
            rows = await self.office.owner.fetch(
                "SELECT id FROM referral WHERE id = ANY ($1) AND erased_at IS NOT NULL",
                self.referrals,
            )
            self.gone.update(row["id"] for row in rows)

    async def erase(self) -> None:
        """Erase as a worker does."""
        while len(self.gone) < len(self.referrals):
            await Eraser(self.pool, lambda: LATER).erase_due()


async def test_no_body_is_told_after_the_commit_whoever_races(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referrals = [await close_case(office) for _ in range(4)]
    race = Race(office, worker_pool, referrals)
    others = [asyncio.create_task(t(r)) for r in referrals for t in (race.read, race.send)]
    await asyncio.gather(race.watch(), race.erase(), race.erase())
    for referral in referrals:
        assert not any(each.body for each in await open_all(office, CENTER, referral))
    race.over.set()
    await asyncio.gather(*others)
    entries = await office.owner.fetchval(
        "SELECT count(*) FROM log_entry WHERE kind = 'erasure' AND referral_id = ANY ($1)",
        referrals,
    )
    assert entries == 3 * len(referrals)


async def test_an_agency_that_had_none_of_it_sees_nothing_of_an_erasure(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)

    async def all_visible() -> list[Any]:
        read = await open_all(office, PRISON, referral)
        return [
            [(dict(e.envelope), e.body, e.withheld) for e in read],
            await office.reading.referral(PRISON, referral),
            await office.erasures.of_referral(PRISON, referral),
            await office.inboxes.status(PRISON),
            await office.owner.fetchval(
                "SELECT count(*) FROM log_entry WHERE 'prison-fuchu' = ANY (agencies)"
                " AND kind <> 'disclosure'"
            ),
        ]

    def comparable(messages: list[Any]) -> str:
        for envelope, _, _ in messages[0]:
            envelope.pop("case_version")  # never shown
            envelope["erased"] = None if not envelope["erased"] else envelope["erased"]
        return repr(messages)

    before = comparable(await all_visible())
    assert await erase_by_order(acts, referral, classes=["C7"]) is ActState.APPROVED
    assert comparable(await all_visible()) == before
    assert not any("C7" in each.salts for each in await open_all(office, CENTER, referral))


class Overtaken(Exchange):
    """Decides on a case as it was before a purge that happens after it was loaded."""

    async def _decide_on(self, *arguments: Any, **named: Any) -> None:
        if self.purge is not None:
            purge, self.purge = self.purge, None
            await purge
        await super()._decide_on(*arguments, **named)

    purge: Coroutine[Any, Any, Any] | None = None


async def test_a_message_that_a_purge_overtakes_makes_no_new_key(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    referral = await clear_suspect(office)
    bell = Bell(office.pool, office.urls.api)
    sender = Overtaken(office.pool, office.writer, lambda: office.directory, office.clock, bell)
    sender.purge = erase_until(worker_pool, START + timedelta(days=92))
    apply = saying("suspect_support.apply_relief", referral)
    with pytest.raises(GuardFailed):
        await sender.accept(apply, seat(PROBATION))
    assert sender.purge is None
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1 AND class = 'C4'"
    assert await office.owner.fetchval(keys, referral) == 0
    assert apply.id not in await messages(office, referral)


async def test_two_operators_erase_on_the_order_of_a_court_and_read_nothing(
    office: Office, acts: Acts
) -> None:
    referral = await close_case(office)
    one, two = OPERATOR, OTHER_OPERATOR
    proposal = Proposal(uuid4(), "erase.ordered", str(referral), {"reason": "court_order"})
    act, _ = await acts.propose(one, proposal)
    with pytest.raises(SecondSeat):
        await acts.approve(one, act.id)
    assert (await acts.approve(two, act.id)).state is ActState.APPROVED
    assert not any(each.body for each in await open_all(office, CENTER, referral))
    entries = await office.owner.fetch(
        "SELECT kind FROM log_entry WHERE 'prefecture-13' = ANY (agencies) AND referral_id = $1",
        referral,
    )
    assert {row["kind"] for row in entries} == {"administration"}
    with pytest.raises(NotFound):
        await acts.propose(
            one, Proposal(uuid4(), "erase.ordered", str(uuid4()), dict(proposal.detail))
        )


async def test_the_figures_say_what_is_due_and_what_was_done(
    office: Office, worker_pool: asyncpg.Pool
) -> None:
    await erase_until(worker_pool, LATER)
    await close_case(office)
    figures = Figures(office.pool, lambda: LATER)
    before = (await figures.read()).erasing
    assert (before.due["case_closed"], before.late) == (1, True)
    assert not (await Figures(office.pool, office.clock).read()).erasing.late
    await erase_until(worker_pool, LATER)
    after = (await figures.read()).erasing
    assert (after.due["case_closed"], after.late) == (0, False)
    assert after.erasures["case_closed"] == before.erasures["case_closed"] + 1
