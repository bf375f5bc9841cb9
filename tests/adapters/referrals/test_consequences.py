"""What one message brings about beyond its own referral, and beyond its own step."""

import asyncio
import json
import runpy
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from app.adapters.log.sealer import leaf_hash
from app.adapters.referrals.deadlines import Deadlines
from app.adapters.referrals.exchange import Accepted, Rehearsed
from app.domain.classes import DataClass
from app.domain.consents.consent import PURPOSE_FLOWS, serves
from app.domain.deliveries.recall import RecallReason
from app.domain.errors import (
    AmbiguousRoute,
    GuardFailed,
    IllegalMove,
    Invalid,
    NotFound,
    NotYourStep,
    PartEnded,
    RecallImpossible,
    Refusal,
    Stale,
)
from app.domain.flows import FLOWS
from app.domain.messages.message import PaperOrigin
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    TO_ASSESSING,
    hand_over,
    send,
    special,
)

TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
OFFERED = (*TAKEN, (CENTER, "offer_transfer"))
PROSECUTOR = "prosecutor-13"
TO_A_CENTER = (
    (PROSECUTOR, "explain"), (PROSECUTOR, "consent"), (PROBATION, "ask_opinion"),
    (PROSECUTOR, "no_objection"), (PROBATION, "request_center"),
)  # fmt: skip


async def state_of(office: Office, referral: UUID) -> str:
    """The true state of a referral."""
    state: str = await office.owner.fetchval("SELECT state FROM referral WHERE id = $1", referral)
    return state


async def lead_of(office: Office, referral: UUID) -> str | None:
    """The agency that leads the case of a referral."""
    query = 'SELECT lead FROM "case" WHERE id = (SELECT case_id FROM referral WHERE id = $1)'
    lead: str | None = await office.owner.fetchval(query, referral)
    return lead


async def test_the_lead_passes_to_the_other_center_in_the_commit_that_accepts_it(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *OFFERED)
    assert await lead_of(office, parent) == CENTER
    accepted = saying("regional_coordination.accept_transfer", child)
    assert await send(office, OTHER_CENTER, accepted) == "lead_transferred"
    assert await lead_of(office, parent) == OTHER_CENTER
    assert await state_of(office, parent) == "seeking_placement"
    theirs = await office.reading.referral(OTHER_CENTER, parent)
    assert theirs.reader.name == "center"
    assert theirs.reader.view.lead == OTHER_CENTER
    ended = await office.reading.referral(CENTER, parent)
    assert ended.reader.until is not None
    assert ended.reader.view.state == "seeking_placement"
    assert ended.reader.view.lead == OTHER_CENTER
    with pytest.raises(PartEnded):
        await send(office, CENTER, saying("special_adjustment.agree_placement", parent))


async def test_a_declined_request_gives_the_case_back(office: Office) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    assert await state_of(office, parent) == "regional_pending"
    declined = saying("regional_coordination.decline_request", child)
    assert await send(office, OTHER_CENTER, declined) == "closed"
    assert await state_of(office, parent) == "assessing"
    assert await lead_of(office, parent) == CENTER


async def test_only_the_leading_center_hands_over_and_only_once_at_a_time(office: Office) -> None:
    parent, _ = await hand_over(office)
    again = saying(
        "regional_coordination.request", parent=parent, to={"destination_center": "center-14"}
    )
    with pytest.raises(IllegalMove):
        await send(office, CENTER, again)
    with pytest.raises(NotFound):
        await send(office, "center-14", replace(again, to={"destination_center": CENTER}))


async def test_a_withdrawal_stops_the_child_and_a_renewal_lets_it_go_on(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", parent))
    assert await state_of(office, child) == "suspended_consent"
    await send(office, PROBATION, saying("special_adjustment.renew_consent", parent))
    assert await state_of(office, parent) == "regional_pending"
    assert await state_of(office, child) == "accepted"


async def test_a_decline_holds_what_the_other_center_answers_until_it_is_retracted(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *OFFERED)
    await send(office, PRISON, saying("special_adjustment.decline", parent))
    assert await state_of(office, parent) == "decline_pending"
    answer = saying("regional_coordination.accept_transfer", child)
    with pytest.raises(IllegalMove):
        await send(office, OTHER_CENTER, answer)
    assert await state_of(office, child) == "held_by_parent"
    await send(office, PROBATION, saying("special_adjustment.retract_decline", parent))
    assert await state_of(office, child) == "transfer_offered"
    await send(office, OTHER_CENTER, replace(answer, id=uuid4()))
    assert await state_of(office, parent) == "seeking_placement"


@pytest.mark.parametrize("event", ["decline", "withdraw_consent"])
async def test_an_exit_that_was_undone_twice_is_stored_and_stops_nothing(
    office: Office, event: str
) -> None:
    referral = await special(office, TO_ASSESSING)
    for _ in range(2):
        await send(office, CENTER, saying(f"special_adjustment.{event}", referral))
        undone = {"consent_id": str(uuid4())} if event == "withdraw_consent" else {}
        undoing = "renew_consent" if undone else "retract_decline"
        await send(office, PROBATION, saying(f"special_adjustment.{undoing}", referral, undone))
    standing = await office.owner.fetch("SELECT * FROM consent WHERE withdrawn_on IS NULL")
    third = saying(f"special_adjustment.{event}", referral)
    assert await send(office, CENTER, third) == "assessing"
    assert standing == await office.owner.fetch("SELECT * FROM consent WHERE withdrawn_on IS NULL")
    told = await office.owner.fetch(
        "SELECT c.agency_id, m.type, m.from_party FROM message m JOIN copy c ON c.message_id = m.id"
        " WHERE m.type LIKE '%exit_claimed'"
    )
    assert {row["agency_id"] for row in told} == {PRISON, PROBATION, CENTER}
    assert {row["from_party"] for row in told} == {"sys"}
    # The deciding party's decider sends it, and it stops.
    assert await send(office, PROBATION, saying(f"special_adjustment.{event}", referral)) != (
        "assessing"
    )


async def test_a_decline_of_the_deciding_party_is_undone_by_it_alone(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)
    await send(office, PROBATION, saying("special_adjustment.decline", referral))
    retracted = saying("special_adjustment.retract_decline", referral)
    with pytest.raises(NotYourStep):
        await send(office, CENTER, retracted)
    assert await send(office, PROBATION, replace(retracted, id=uuid4())) == "assessing"


@pytest.mark.parametrize(("who", "event"), [(CENTER, "decline"), (PROBATION, "die")])
async def test_who_stopped_a_referral_is_taken_over_from_an_older_release(
    office: Office, who: str, event: str
) -> None:
    referral = await special(office, TO_ASSESSING)
    await send(office, who, saying(f"special_adjustment.{event}", referral))
    stops = "SELECT stops FROM referral WHERE id = $1"
    stored = json.loads(await office.owner.fetchval(stops, referral))
    assert list(stored["senders"].values()) == [{who: who == PROBATION}]
    await office.owner.execute("UPDATE referral SET stops = '{}' WHERE id = $1", referral)
    taken_over = runpy.run_path("alembic/versions/2026_11_28_95_stops.py")["TAKE_OVER"]
    await office.owner.execute(taken_over)
    again = json.loads(await office.owner.fetchval(stops, referral))
    assert again["senders"] == stored["senders"]


async def test_a_death_holds_what_serves_the_case_and_closes_it_when_it_is_confirmed(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    assert await send(office, PRISON, saying("special_adjustment.die", parent)) == "death_reported"
    assert await state_of(office, child) == "held_by_parent"
    await send(office, CENTER, saying("special_adjustment.retract_death", parent))
    assert await state_of(office, child) == "accepted"
    await send(office, PRISON, saying("special_adjustment.die", parent))
    confirmed = saying("special_adjustment.confirm_death", parent)
    assert await send(office, PROBATION, confirmed) == "closed"
    assert await state_of(office, child) == "closed"


async def test_a_correction_goes_where_the_message_went_and_moves_nothing(office: Office) -> None:
    referral = await special(office)
    first = await office.owner.fetchval(
        "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.accept'", referral
    )
    correction = saying("special_adjustment.accept", referral, corrects=first)
    assert await send(office, CENTER, correction) == "accepted"
    for agency in (PRISON, PROBATION, CENTER):
        listed = {m["id"]: m for m in await office.reading.messages(agency, referral, 0, 100)}
        assert listed[str(first)]["corrected_by"] == str(correction.id)
        assert listed[str(correction.id)]["corrects"] == str(first)
    other = saying("special_adjustment.accept", referral, corrects=first)
    with pytest.raises(NotYourStep):
        await office.exchange.accept(other, seat(PROBATION))


async def test_paper_is_keyed_in_by_the_office_that_it_was_sent_to(office: Office) -> None:
    origin = PaperOrigin(date(2026, 11, 20), "paper", "5" * 64)
    opening = saying(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-yokohama"},
        paper_origin=origin,
    )
    accepted = await office.exchange.accept(opening, seat("probation-14"))
    assert accepted.answer.state == "candidate_notified"
    (read,) = await office.reading.open(seat("probation-14"), [opening.id])
    assert read.envelope["from"] == {
        "party": "institution",
        "agency_id": "prison-yokohama",
        "seat_id": None,
    }
    assert read.envelope["paper_origin"] is not None
    assert read.envelope["paper_origin"]["keyed_by"]["agency_id"] == "probation-14"
    assert "subject" in read.body


async def test_nobody_keys_in_for_an_agency_that_takes_part_itself(office: Office) -> None:
    opening = saying(
        "special_adjustment.notify_candidate",
        to={"institution": PRISON},
        paper_origin=PaperOrigin(date(2026, 11, 20), "fax"),
    )
    with pytest.raises(Invalid) as refused:
        await office.exchange.accept(opening, seat(PROBATION))
    assert refused.value.facts["errors"][0]["reason"] == "sender_is_connected"


async def test_a_message_to_an_agency_that_takes_no_part_waits_to_be_printed(
    office: Office,
) -> None:
    opening = saying(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-yokohama"},
        paper_origin=PaperOrigin(date(2026, 11, 20), "paper", "5" * 64),
    )
    await office.exchange.accept(opening, seat("probation-14"))
    start = saying("special_adjustment.start_selection", opening.id)
    await office.exchange.accept(start, seat("probation-14"))
    item = await office.row("SELECT * FROM inbox_item WHERE message_id = $1", start.id)
    assert item["agency_id"] == "prison-yokohama"
    assert item["to_print"]


async def test_a_route_with_more_than_one_end_is_not_guessed(office: Office) -> None:
    opening = saying("defence_support.inquire")
    with pytest.raises(AmbiguousRoute) as refused:
        await office.exchange.accept(opening, seat("bar-01-asahikawa"))
    candidates = {c["agency_id"] for c in refused.value.facts["candidates"]}
    assert candidates == {"center-01-kushiro", "center-01-sapporo"}


async def test_an_old_version_is_refused_and_the_current_one_taken(office: Office) -> None:
    referral = await special(office)
    old = (await office.reading.referral(CENTER, referral)).reader.view.version
    await office.exchange.accept(
        saying("special_adjustment.interview", referral), seat(CENTER), frozenset({old})
    )
    message = saying("special_adjustment.interview", referral)
    with pytest.raises(Stale) as refused:
        await office.exchange.accept(message, seat(CENTER), frozenset({old}))
    current = refused.value.facts["version"]
    await office.exchange.accept(message, seat(CENTER), frozenset({current}))


async def test_a_decision_needs_a_decider(office: Office) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    accept = saying("special_adjustment.accept", referral)
    with pytest.raises(NotYourStep) as refused:
        await office.exchange.accept(accept, seat(CENTER, "case_worker"))
    assert refused.value.facts["seat"] == "decider"
    with pytest.raises(NotYourStep) as refused:
        await office.exchange.accept(accept, seat(PROBATION))
    assert refused.value.facts["by"] == ["center"]


async def test_a_rehearsal_says_what_would_follow_and_writes_nothing_but_that(
    office: Office,
) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    accept = saying("special_adjustment.accept", referral)
    rehearsed = await office.exchange.rehearse(accept, seat(CENTER))
    assert isinstance(rehearsed, Rehearsed)
    assert rehearsed.decision.caller.view.state == "accepted"
    assert await state_of(office, referral) == "requested"
    assert await send(office, CENTER, accept) == "accepted"


async def test_a_day_that_comes_is_told_once_to_those_who_know_of_it(office: Office) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    kinds = "SELECT agency_id FROM deadline WHERE referral_id = $1 AND kind = 'response_due'"
    knowing = {row["agency_id"] for row in await office.owner.fetch(kinds, referral)}
    assert CENTER in knowing
    deadlines = Deadlines(office.owner, lambda: office.clock() + timedelta(days=400))
    while await deadlines.tell_due():
        pass
    rows = await office.owner.fetch(
        "SELECT agency_id FROM inbox_item WHERE referral_id = $1 AND kind = 'deadline'"
        " AND type = 'deadline.response_due'",
        referral,
    )
    assert sorted(row["agency_id"] for row in rows) == sorted(knowing)


async def test_the_log_is_numbered_without_gap_by_whoever_seals(office: Office) -> None:
    await special(office)
    while any(await asyncio.gather(office.sealer.seal(), office.sealer.seal())):
        pass
    rows = await office.owner.fetch(
        "SELECT l.index, l.hash, row_to_json(e)::text AS entry FROM log_leaf l"
        " JOIN log_entry e ON e.id = l.entry_id ORDER BY l.index"
    )
    assert [row["index"] for row in rows] == list(range(len(rows)))
    assert len(rows) == await office.owner.fetchval("SELECT count(*) FROM log_entry")
    async with office.owner.acquire() as connection:
        await connection.execute("SET timezone = 'UTC'")
        entry = await connection.fetchval(
            "SELECT row_to_json(e)::text FROM log_entry e JOIN log_leaf l ON l.entry_id = e.id"
            " WHERE l.index = 0"
        )
        await connection.execute("RESET timezone")
    assert leaf_hash(entry) == rows[0]["hash"]


async def test_a_notice_reaches_whom_the_law_names_even_where_consent_no_longer_covers_others(
    office: Office,
) -> None:
    referral = await special(office)
    office.clock.now += timedelta(days=365)
    try:
        await office.owner.execute(
            "UPDATE consent SET valid_until = '2026-12-31' WHERE referral_id = $1", referral
        )
        moved = saying("special_adjustment.change_custody", referral)
        await office.exchange.accept(moved, seat(PRISON))
        (lawful,) = await office.reading.open(seat(PROBATION), [moved.id])
        (depending,) = await office.reading.open(seat(CENTER), [moved.id])
    finally:
        office.clock.now -= timedelta(days=365)
    assert "C4" in lawful.salts
    assert set(depending.salts) == {"C0"}
    assert (DataClass.C4, "no_consent") in depending.withheld


async def test_a_message_for_one_who_depends_on_consent_is_refused_without_it(
    office: Office,
) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    await send(office, CENTER, saying("special_adjustment.query", referral))
    await office.owner.execute(
        "UPDATE consent SET valid_until = valid_from WHERE referral_id = $1", referral
    )
    with pytest.raises(GuardFailed) as refused:
        await send(office, PROBATION, saying("special_adjustment.answer_query", referral))
    (guard,) = refused.value.facts["guards"]
    assert guard["name"] == "consent_covers"
    assert guard["needs"] == ["special_adjustment.record_consent"]
    (missing,) = guard["missing"]
    assert (missing["party"], missing["classes"]) == ("center", ["C2", "C3"])


async def test_the_institution_that_takes_the_person_over_is_told_all_of_it(
    office: Office,
) -> None:
    referral = await special(office)
    transfer = saying(
        "special_adjustment.transfer_institution", referral, to={"institution": "prison-osaka"}
    )
    await office.exchange.accept(transfer, seat(PRISON))
    theirs = await office.reading.referral("prison-osaka", referral)
    assert theirs.reader.view.state == "accepted"
    (read,) = await office.reading.open(seat("prison-osaka"), [transfer.id])
    assert read.withheld == []
    page = await office.inboxes.read("prison-osaka", 0, 200, 0, unacknowledged=False)
    assert str(transfer.id) in page
    assert (await office.reading.referral(PRISON, referral)).reader.until is not None


@pytest.mark.parametrize(
    ("event", "part", "first", "second"),
    [
        ("transfer_institution", "institution", PRISON, "prison-osaka"),
        ("transfer_office", "probation_office", PROBATION, "probation-27"),
    ],
)
async def test_whoever_takes_a_part_over_or_again_has_the_facts_and_days_that_hold(
    office: Office, event: str, part: str, first: str, second: str
) -> None:
    referral = await special(office)

    async def move_release(agency: str, day: str) -> None:
        moved = {"release_on": day, "new": day}
        change = saying("special_adjustment.change_custody", referral, moved)
        await office.exchange.accept(change, seat(agency))

    async def transfer(giver: str, taker: str) -> None:
        message = saying(f"special_adjustment.{event}", referral, to={part: taker})
        await office.exchange.accept(message, seat(giver))

    async def days(agency: str) -> list[str]:
        view = (await office.reading.referral(agency, referral)).reader.view
        due = [
            d["due_on"]
            for d in await office.deadlines.page(agency, None, 10_000)
            if (d["referral_id"], d["kind"]) == (str(referral), "release_on")
        ]
        return [str(view.facts.get("release_on")), *due]

    await move_release(PROBATION, "2027-08-06")
    await transfer(first, second)
    assert await days(second) == ["2027-08-06"] * 2
    await move_release(second, "2027-02-05")
    assert await days(second) == ["2027-02-05"] * 2
    await transfer(second, first)
    assert await days(first) == ["2027-02-05"] * 2
    assert await days(CENTER) == ["2027-02-05"] * 2


async def test_a_correction_needs_the_seat_and_meets_the_guards_of_what_it_corrects(
    office: Office,
) -> None:
    referral = await special(office)
    find = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.select_special'"
    first = await office.owner.fetchval(find, referral)
    correction = saying("special_adjustment.select_special", referral, corrects=first)
    with pytest.raises(NotYourStep) as refused:
        await office.exchange.accept(correction, seat(PROBATION, "case_worker"))
    assert refused.value.facts["seat"] == "decider"
    example = correction.body.model_dump(mode="json")["requirements"]
    unmet = {**example, "req2_no_residence_after_release": {"met": False}}
    wrong = saying(
        "special_adjustment.select_special", referral, {"requirements": unmet}, corrects=first
    )
    with pytest.raises(GuardFailed):
        await office.exchange.accept(wrong, seat(PROBATION))
    assert await send(office, PROBATION, correction) == "accepted"


async def test_a_correction_leaves_the_facts_that_a_later_message_has_stated(
    office: Office,
) -> None:
    referral = await special(office)

    async def state(agency: str, day: str, corrects: UUID | None = None) -> UUID:
        moved = {"release_on": day, "new": day}
        change = saying("special_adjustment.change_custody", referral, moved, corrects=corrects)
        await office.exchange.accept(change, seat(agency))
        return change.id

    async def days() -> list[str]:
        readers = [
            (await office.reading.referral(agency, referral)).reader
            for agency in (PRISON, PROBATION, CENTER)
        ]
        return [str(reader.view.facts["release_on"]) for reader in readers]

    older = await state(PRISON, "2027-01-29")
    await state(PRISON, "2027-01-22", corrects=older)
    assert await days() == ["2027-01-22"] * 3
    newer = await state(PROBATION, "2027-02-26")
    again = await state(PRISON, "2027-01-29", corrects=older)
    assert await days() == ["2027-02-26"] * 3
    again = await state(PRISON, "2027-01-15", corrects=again)
    await state(PRISON, "2027-01-08", corrects=again)
    assert await days() == ["2027-02-26"] * 3
    await state(PROBATION, "2027-02-12", corrects=newer)
    assert await days() == ["2027-02-12"] * 3


async def test_a_correction_of_a_placement_that_was_lost_does_not_bring_it_back(
    office: Office,
) -> None:
    referral = await special(office, TO_ASSESSING)

    async def report(event: str, corrects: UUID | None = None) -> UUID:
        message = saying(f"special_adjustment.{event}", referral, corrects=corrects)
        await office.exchange.accept(message, seat(CENTER))
        return message.id

    await report("draft_plan")
    await report("agree_plan")
    await report("start_seeking")
    agreed = await report("agree_placement")
    await report("lose_placement")
    await report("agree_placement", corrects=agreed)
    assert await state_of(office, referral) == "seeking_placement"
    await report("agree_placement")
    assert await state_of(office, referral) == "placement_agreed"


async def test_nothing_is_corrected_in_a_referral_that_is_closed(office: Office) -> None:
    opening = saying("suspect_support.consult")
    prosecutor = seat(PROSECUTOR)
    await office.exchange.accept(opening, prosecutor)
    for event in ("explain", "refuse"):
        await office.exchange.accept(saying(f"suspect_support.{event}", opening.id), prosecutor)
    correction = saying("suspect_support.consult", opening.id, corrects=opening.id)
    with pytest.raises(IllegalMove):
        await office.exchange.accept(correction, prosecutor)


async def test_a_consent_recorded_during_a_suspension_opens_nothing_until_it_is_renewed(
    office: Office,
) -> None:
    referral = await special(office)
    find = "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.request_cooperation'"
    request = await office.owner.fetchval(find, referral)
    await send(office, CENTER, saying("special_adjustment.withdraw_consent", referral))
    recorded = saying("special_adjustment.record_consent", referral, {"consent_id": str(uuid4())})
    assert await send(office, CENTER, recorded) == "suspended_consent"
    (read,) = await office.reading.open(seat(CENTER), [request])
    assert set(read.salts) == {"C0"}
    await send(office, PROBATION, saying("special_adjustment.renew_consent", referral))
    (read,) = await office.reading.open(seat(CENTER), [request])
    assert "C1" in read.salts


async def test_a_close_lifts_the_deadlines_of_every_party(
    office: Office,
) -> None:
    steps = (
        *TO_ASSESSING, (CENTER, "draft_plan"), (CENTER, "agree_plan"), (CENTER, "start_seeking"),
        (CENTER, "agree_placement"), (CENTER, "settle"),
    )  # fmt: skip
    referral = await special(office, steps)
    own = "SELECT count(*) FROM deadline WHERE agency_id = $1 AND referral_id = $2"
    before = await office.owner.fetchval(own, PRISON, referral)
    closing = saying("special_adjustment.close", referral, {"close_reason": "settled"})
    assert await send(office, CENTER, closing) == "closed"
    assert before > 0
    assert await office.owner.fetchval(own, PRISON, referral) == 0
    assert await office.owner.fetchval(own, PROBATION, referral) == 0


async def test_what_a_close_stopped_runs_again_after_it_was_taken_back(office: Office) -> None:
    steps = (
        *TO_ASSESSING, (CENTER, "draft_plan"), (CENTER, "agree_plan"), (CENTER, "start_seeking"),
        (CENTER, "agree_placement"),
    )  # fmt: skip
    referral = await special(office, steps)
    days = "SELECT agency_id, kind, due_on FROM deadline WHERE referral_id = $1"
    clocks = "SELECT rule FROM retention WHERE referral_id = $1"
    parts = "SELECT agency_id, state, view - 'number' FROM party WHERE referral_id = $1"
    kept = {tuple(row) for row in await office.owner.fetch(days, referral)}
    known = {a: json.loads(v) for a, _, v in await office.owner.fetch(parts, referral)}
    closing = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    assert await send(office, CENTER, closing) == "closed"
    assert not await office.owner.fetch(days, referral)
    assert len(await office.owner.fetch(clocks, referral)) == 1
    with pytest.raises(RecallImpossible):
        await office.recalls.recall(
            seat(CENTER), referral, closing.id, RecallReason.WRONG_CONTENT, None
        )
    reopening = saying("special_adjustment.reopen", referral)
    rehearsed = await office.exchange.rehearse(reopening, seat(PROBATION))
    assert isinstance(rehearsed, Rehearsed)
    assert rehearsed.decision.caller.view.state == "placement_agreed"
    assert await send(office, PROBATION, reopening) == "placement_agreed"
    assert {tuple(row) for row in await office.owner.fetch(days, referral)} == kept
    assert kept
    assert not await office.owner.fetch(clocks, referral)
    for agency, state, view in await office.owner.fetch(parts, referral):
        before = {**known[agency], "facts": {**known[agency]["facts"], "close_reason": None}}
        shown = json.loads(view)
        assert (state, shown["state"], shown["back"]) == (before["state"], before["state"], [])
        assert shown["facts"].keys() == before["facts"].keys()
    for agency in (PRISON, CENTER):
        page = await office.inboxes.read(agency, 0, 1000, 0, unacknowledged=True)
        assert str(reopening.id) in page
    # An unopened message of an open referral can be recalled again.
    await office.recalls.recall(
        seat(CENTER), referral, closing.id, RecallReason.WRONG_CONTENT, None
    )


async def test_a_rehearsal_does_not_look_behind_messages_between_others(office: Office) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    await send(office, CENTER, saying("special_adjustment.return_request", referral))
    custody = saying("special_adjustment.change_custody", referral)
    rehearsed = await office.exchange.rehearse(custody, seat(PRISON))
    assert isinstance(rehearsed, Rehearsed)
    assert rehearsed.decision.caller.view.state == "requested"
    assert await send(office, PRISON, custody) == "requested"
    assert await state_of(office, referral) == "return_pending"


async def test_a_side_state_returns_to_what_its_party_knew(office: Office) -> None:
    referral = await special(office, (*TO_ASSESSING, (CENTER, "draft_plan")))
    declined = saying("special_adjustment.decline", referral)
    assert await send(office, PROBATION, declined) == "decline_pending"
    retracted = saying("special_adjustment.retract_decline", referral)
    assert await send(office, PROBATION, retracted) == "assessing"
    assert await state_of(office, referral) == "plan_drafted"
    known = await office.reading.referral(PROBATION, referral)
    assert known.reader.view.state == "assessing"


async def test_a_rehearsal_names_no_agency_that_its_sender_does_not_know(office: Office) -> None:
    opening = saying("suspect_support.consult")
    await office.exchange.accept(opening, seat(PROSECUTOR))
    for agency, event in TO_A_CENTER:
        await send(office, agency, saying(f"suspect_support.{event}", opening.id))
    moved = saying("suspect_support.change_custody", opening.id)
    rehearsed = await office.exchange.rehearse(moved, seat(PROSECUTOR))
    assert isinstance(rehearsed, Rehearsed)
    readers = {copy.agency_id: copy.classes for copy in rehearsed.readers}
    assert set(readers) == {PROSECUTOR, PROBATION}
    assert readers[PROSECUTOR] == {"C0", "C4"}  # all that it wrote
    rehearsed = await office.exchange.rehearse(
        saying("suspect_support.change_custody", opening.id), seat(PROBATION)
    )
    assert isinstance(rehearsed, Rehearsed)
    assert CENTER in {copy.agency_id for copy in rehearsed.readers}


async def test_an_ended_party_is_told_that_it_has_ended_and_nothing_else(office: Office) -> None:
    parent, child = await hand_over(office, *OFFERED)
    await send(office, OTHER_CENTER, saying("regional_coordination.accept_transfer", child))
    before = await refusals(office, CENTER, "special_adjustment", parent)
    assert {problem[0] for problem in before.values()} == {"part_ended"}
    await send(office, OTHER_CENTER, saying("special_adjustment.agree_placement", parent))
    await send(office, PRISON, saying("special_adjustment.die", parent))
    assert await refusals(office, CENTER, "special_adjustment", parent) == before


async def refusals(
    office: Office, agency: str, flow: str, referral: UUID
) -> dict[str, tuple[str, str]]:
    """What an agency is answered when it rehearses each message type of a flow."""
    answers: dict[str, tuple[str, str]] = {}
    for body in FLOWS[flow].bodies.values():
        if all("sys" in step.by for step in FLOWS[flow].steps if step.body is body):
            continue
        try:
            done = await office.exchange.rehearse(saying(body.wire_type(), referral), seat(agency))
        except Refusal as refusal:
            answers[body.wire_type()] = (refusal.code, repr(refusal.facts))
        else:
            assert isinstance(done, Rehearsed)
            readers = sorted((c.agency_id, sorted(c.classes)) for c in done.readers)
            answers[body.wire_type()] = ("would", repr((done.decision.caller.view.state, readers)))
    return answers


@pytest.mark.parametrize("hidden", [1, 2, 3])
async def test_no_step_that_is_hidden_from_a_prosecutor_changes_what_it_is_refused(
    office: Office, hidden: int
) -> None:
    opening = saying("suspect_support.consult")
    await office.exchange.accept(opening, seat(PROSECUTOR))
    unseen = (TO_A_CENTER[-1], (CENTER, "query"), (PROBATION, "answer_query"))
    for agency, event in TO_A_CENTER[:-1]:
        await send(office, agency, saying(f"suspect_support.{event}", opening.id))
    before = await refusals(office, PROSECUTOR, "suspect_support", opening.id)
    assert {code for code, _ in before.values()} > {"not_your_step", "illegal_move", "would"}
    for agency, event in unseen[:hidden]:
        await send(office, agency, saying(f"suspect_support.{event}", opening.id))
    assert await refusals(office, PROSECUTOR, "suspect_support", opening.id) == before


async def test_a_prosecutor_cannot_tell_of_support_without_relief_and_stops_it_for_a_while_only(
    office: Office,
) -> None:
    opening = saying("suspect_support.consult")
    await office.exchange.accept(opening, seat(PROSECUTOR))
    for agency, event in (*TO_A_CENTER, (CENTER, "accept"), (PROSECUTOR, "release_disposition")):
        await send(office, agency, saying(f"suspect_support.{event}", opening.id))
    before = await refusals(office, PROSECUTOR, "suspect_support", opening.id)
    delivered = await office.deliveries.sent_messages(PROSECUTOR, opening.id, 0, 50)
    await send(office, CENTER, saying("suspect_support.skip_relief", opening.id))
    assert await refusals(office, PROSECUTOR, "suspect_support", opening.id) == before
    assert await office.deliveries.sent_messages(PROSECUTOR, opening.id, 0, 50) == delivered
    withdrawn = saying("suspect_support.withdraw_consent", opening.id)
    await send(office, PROSECUTOR, withdrawn)
    assert await state_of(office, opening.id) == "suspended_consent"
    now = await office.deliveries.sent_messages(PROSECUTOR, opening.id, 0, 50)
    reasons = [each.undeliverable for message in now for each in message.deliveries]
    assert reasons
    assert set(reasons) == {None}
    await send(office, PROBATION, saying("suspect_support.retract_withdrawal", opening.id))
    assert await state_of(office, opening.id) == "community_support"


async def test_a_rehearsal_of_what_was_sent_gives_the_first_answer(office: Office) -> None:
    opening = saying("special_adjustment.notify_candidate")
    first = await office.exchange.accept(opening, seat(PRISON))
    again = await office.exchange.rehearse(opening, seat(PRISON))
    assert isinstance(again, Accepted)
    assert again.answer == first.answer


@pytest.mark.parametrize("purpose", ["statistics_none", "defence", "facility"])
async def test_a_consent_for_another_purpose_covers_nothing_here(
    office: Office, purpose: str
) -> None:
    referral = await special(office, TO_ACCEPTED[:1])
    recorded = saying("special_adjustment.record_consent", referral, {"purpose": purpose})
    await office.exchange.accept(recorded, seat(PROBATION))
    with pytest.raises(GuardFailed):
        await send(office, PROBATION, saying("special_adjustment.select_special", referral))


@pytest.mark.parametrize("flow", FLOWS)
async def test_reading_and_sending_agree_on_what_a_purpose_is_for(
    office: Office, flow: str
) -> None:
    for purpose in (*PURPOSE_FLOWS, "another"):
        stored = await office.owner.fetchval("SELECT serves($1, $2)", purpose, flow)
        assert stored is serves(purpose, flow), purpose


async def test_a_center_does_not_hand_over_to_itself(office: Office) -> None:
    parent = await special(office, TO_ASSESSING)
    request = saying(
        "regional_coordination.request", parent=parent, to={"destination_center": CENTER}
    )
    with pytest.raises(Invalid):
        await send(office, CENTER, request)


async def test_what_has_not_happened_yet_is_not_reported(office: Office) -> None:
    tomorrow = office.clock().date() + timedelta(days=1)
    early = saying("special_adjustment.notify_candidate", occurred_on=tomorrow)
    with pytest.raises(Invalid) as refused:
        await send(office, PRISON, early)
    assert refused.value.facts["errors"] == [{"pointer": "/occurred_on", "reason": "not_yet"}]


async def test_a_move_that_was_refused_is_not_offered_in_the_same_breath(office: Office) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    await send(office, CENTER, saying("special_adjustment.query", referral))
    for message in ("accept", "answer_query"):
        again = saying(f"special_adjustment.{message}", referral)
        with pytest.raises((IllegalMove, NotYourStep)) as refused:
            await send(office, CENTER, again)
        assert again.body.type not in {a["type"] for a in refused.value.facts["actions"]}


SENT_BY = "SELECT id FROM message WHERE from_agency = $1 ORDER BY accepted_at DESC LIMIT 1"


async def test_another_agencys_id_is_answered_as_a_new_one_where_nothing_is_written(
    office: Office,
) -> None:
    """A stranger who holds the id of a message cannot tell by rehearsing, or by other refusals."""
    known = await special(office)
    for used in (known, await office.owner.fetchval(SENT_BY, PRISON)):
        message = saying("suspect_support.consult", to={"probation_office": PROBATION})
        opening = replace(message, id=used, referral_id=used)
        answer = await office.exchange.rehearse(opening, seat(PROSECUTOR))
        assert isinstance(answer, Rehearsed)
        with pytest.raises(NotFound):
            await office.exchange.accept(
                replace(saying("suspect_support.explain", uuid4()), id=used), seat(PROSECUTOR)
            )
