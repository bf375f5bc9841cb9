"""Who can open what, when, and what is on the record afterwards."""

from uuid import UUID, uuid4

import pytest

from app.domain.classes import DataClass
from app.domain.errors import IllegalMove, NotFound
from tests.support.callers import caller_with, seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    TO_ASSESSING,
    hand_over,
    special,
)


async def the(office: Office, referral: UUID, event: str) -> UUID:
    """The id of the one message of a type in a referral."""
    query = (
        "SELECT id FROM message WHERE referral_id = $1 AND type LIKE '%.' || $2 ORDER BY id DESC"
    )
    ids = await office.owner.fetch(query, referral, event)
    assert ids
    return ids[-1]["id"]  # type: ignore[no-any-return]


async def reasons(office: Office, agency: str, message_id: UUID) -> dict[DataClass, str]:
    """What an agency's decider is refused of a message, and why."""
    (opened,) = await office.reading.open(seat(agency), [message_id])
    return dict(opened.withheld)


async def test_a_copy_narrowed_to_routing_shows_routing_alone(office: Office) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    (message,) = await office.reading.open(seat(PRISON), [request])
    classes = saying("special_adjustment.request_cooperation").body.classes()
    assert {classes[name] for name in message.body} == {DataClass.C0}
    assert {reason for _, reason in message.withheld} == {"not_your_class"}
    assert set(message.salts) == {DataClass.C0}


async def test_a_seat_opens_only_the_classes_of_the_seat(office: Office) -> None:
    referral = await special(office)
    viewer = caller_with(seat(CENTER, "viewer"), classes=frozenset({"C0", "C1"}))
    (message,) = await office.reading.open(
        viewer, [await the(office, referral, "request_cooperation")]
    )
    assert set(message.salts) == {DataClass.C0, DataClass.C1}
    assert {reason for _, reason in message.withheld} == {"not_your_seat"}


async def test_what_rests_on_a_consent_is_withheld_once_it_is_withdrawn_and_opens_with_a_new_one(
    office: Office,
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    assert await reasons(office, CENTER, request) == {}
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    assert set((await reasons(office, CENTER, request)).values()) == {"consent_withdrawn"}
    assert await reasons(office, PROBATION, request) == {}
    renewal = saying("special_adjustment.renew_consent", referral)
    await office.exchange.accept(renewal, seat(PROBATION))
    assert await reasons(office, CENTER, request) == {}


async def test_facts_stand_on_consent_like_the_messages_that_told_them(office: Office) -> None:
    referral = await special(office)
    before = (await office.reading.referral(CENTER, referral)).reader.view.facts
    assert "release_on" in before
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    during = await office.reading.referral(CENTER, referral)
    assert set(during.reader.view.facts) <= {"response_due"}
    listed = await office.deadlines.page(CENTER, None, 1000)
    assert {d["kind"] for d in listed if d["referral_id"] == str(referral)} <= {"response_due"}
    lawful = await office.reading.referral(PROBATION, referral)
    assert "release_on" in lawful.reader.view.facts
    renewal = saying("special_adjustment.renew_consent", referral)
    await office.exchange.accept(renewal, seat(PROBATION))
    after = (await office.reading.referral(CENTER, referral)).reader.view.facts
    assert "release_on" in after


async def test_a_party_that_has_ended_opens_nothing_more(office: Office) -> None:
    child_steps = (
        (OTHER_CENTER, "acknowledge"),
        (OTHER_CENTER, "accept"),
        (CENTER, "offer_transfer"),
        (OTHER_CENTER, "accept_transfer"),
    )
    parent, _ = await hand_over(office, *child_steps)
    request = await the(office, parent, "request_cooperation")
    assert set((await reasons(office, CENTER, request)).values()) == {"party_ended"}
    assert (await office.reading.referral(CENTER, parent)).reader.view.facts == {}
    days = "SELECT count(*) FROM deadline WHERE agency_id = $1 AND referral_id = $2"
    assert await office.owner.fetchval(days, CENTER, parent) == 0
    withdrawal = saying("special_adjustment.withdraw_consent", parent)
    await office.exchange.accept(withdrawal, seat(PROBATION))
    await office.owner.execute("DELETE FROM referral_key WHERE referral_id = $1", parent)
    assert set((await reasons(office, CENTER, request)).values()) == {"party_ended"}


async def test_a_message_to_others_is_not_there_at_all(office: Office) -> None:
    referral = await special(office, (*TO_ASSESSING, (CENTER, "draft_plan")))
    plan = await the(office, referral, "draft_plan")
    assert len(await office.reading.open(seat(CENTER), [plan])) == 1
    assert await office.reading.open(seat(PROBATION), [plan, uuid4()]) == []
    listed = await office.reading.messages(PROBATION, referral, 0, 100)
    assert str(plan) not in {m["id"] for m in listed}
    assert [m["number"] for m in listed] == list(range(1, len(listed) + 1))


async def test_the_other_center_reads_of_the_parent_exactly_what_was_shared(office: Office) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    request = await the(office, parent, "request_cooperation")
    interview = await the(office, parent, "interview")
    assert await office.reading.open(seat(OTHER_CENTER), [request, interview]) == []
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(offer, seat(CENTER))
    (shared,) = await office.reading.open(seat(OTHER_CENTER), [request, interview])
    assert shared.envelope["id"] == str(request)
    assert shared.envelope["via"] == str(child)
    assert "subject" in shared.body
    with pytest.raises(NotFound):
        await office.reading.messages(OTHER_CENTER, parent, 0, 100)


async def test_opening_is_on_the_log_for_reader_and_sender_before_it_is_answered(
    office: Office,
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    await office.reading.open(seat(CENTER), [request])
    entry = await office.row(
        "SELECT * FROM log_entry WHERE message_id = $1 AND kind = 'disclosure'", request
    )
    assert entry["agencies"] == [CENTER, PROBATION]
    assert entry["seat_id"] == "center-13.decider"
    item = await office.row(
        "SELECT * FROM inbox_item WHERE agency_id = $1 AND message_id = $2", CENTER, request
    )
    assert item["opened_at"] == entry["at"]


async def test_lists_and_polls_are_no_disclosures(office: Office) -> None:
    referral = await special(office, TO_ACCEPTED[:4])
    count = "SELECT count(*) FROM log_entry WHERE kind = 'disclosure'"
    before = await office.owner.fetchval(count)
    await office.reading.messages(CENTER, referral, 0, 100)
    await office.reading.referral(CENTER, referral)
    await office.inboxes.read(CENTER, 0, 50, 0, unacknowledged=True)
    assert await office.owner.fetchval(count) == before


async def test_a_refusal_leaves_nothing_to_open_and_its_id_still_gets_the_first_receipt(
    office: Office,
) -> None:
    opening = saying("suspect_support.consult")
    prosecutor = seat("prosecutor-13")
    await office.exchange.accept(opening, prosecutor)
    await office.exchange.accept(saying("suspect_support.explain", opening.id), prosecutor)
    refusal = saying("suspect_support.refuse", opening.id)
    first = await office.exchange.accept(refusal, prosecutor)
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1"
    assert await office.owner.fetchval(keys, opening.id) == 0
    for message in (opening, refusal):
        assert set((await reasons(office, "probation-13", message.id)).values()) == {"erased"}
    facts = await office.owner.fetchval("SELECT facts FROM referral WHERE id = $1", opening.id)
    assert facts == "{}"
    again = await office.exchange.accept(refusal, prosecutor)
    assert again.repeated
    assert again.answer == first.answer
    with pytest.raises(IllegalMove):  # as a new message of its own would be
        await office.exchange.accept(refusal, seat("probation-13"))
    logged = await office.row(
        "SELECT kind, detail FROM log_entry WHERE message_id = $1 AND kind = 'acceptance'",
        refusal.id,
    )
    assert "refuse" not in logged["detail"]
