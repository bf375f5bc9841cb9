"""Consent is a gate: what a refusal says, what a disclosure rests on, who knows of a consent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.consents.listing import KnownConsent
from app.adapters.referrals.exchange import Rehearsed
from app.api.referrals.views import rehearsal
from app.domain.errors import GuardFailed, Invalid, NotFound, Refusal
from app.domain.messages.message import Message
from app.domain.messages.payloads.samples import CONSENT_ID, CONSENT_REGIONAL_ID, REQUIREMENTS
from tests.support.callers import START, seat
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

SELECTED = TO_ACCEPTED[:3]
REQUEST = "special_adjustment.request_cooperation"
ABOVE, BELOW = "special_adjustment", "regional_coordination"


def request(referral: UUID, consent: UUID | str = CONSENT_ID) -> Message:
    """A request for cooperation that rests on this consent."""
    sixth = {**REQUIREMENTS["req6_consents_to_information_provision"], "consent_id": str(consent)}
    requirements = {**REQUIREMENTS, "req6_consents_to_information_provision": sixth}
    return saying(REQUEST, referral, {"requirements": requirements})


async def gate(office: Office, agency: str, message: Message) -> Mapping[str, Any]:
    """What the consent gate answers to a message that it refuses."""
    with pytest.raises(GuardFailed) as refused:
        await send(office, agency, message)
    guards = {g["name"]: g for g in refused.value.facts["guards"]}
    facts: Mapping[str, Any] = guards["consent_covers"]
    return facts


async def change(office: Office, referral: UUID, **columns: Any) -> None:
    """Change columns of the consents of a referral."""
    for name, value in columns.items():
        await office.owner.execute(
            f"UPDATE consent SET {name} = $2 WHERE referral_id = $1",  # noqa: S608 -- our names
            referral,
            value,
        )


async def consents_of(office: Office, agency: str, referral: UUID) -> dict[str, KnownConsent]:
    """The consents of a referral's case that an agency may see, by id."""
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    consents = await office.consents.of_case(agency, case, None, 100)
    return {str(each.consent.record.id): each for each in consents}


@pytest.mark.parametrize(
    ("columns", "fails"),
    [
        ({"valid_until": date(2026, 2, 11)}, ["expired"]),
        ({"valid_from": START.date() + timedelta(days=1)}, ["not_yet"]),
        ({"withdrawn_on": date(2026, 3, 1)}, ["withdrawn"]),
        ({"recipients": ["probation_office"]}, ["other_recipient"]),
        ({"recipients": [OTHER_CENTER]}, ["other_recipient"]),
        ({"classes": ["C1", "C2"]}, ["other_class"]),
        ({"purpose": "health"}, ["other_purpose"]),
        ({"withdrawn_items": ["C4"]}, ["other_class"]),
        ({"withdrawn_items": [CENTER]}, ["other_recipient"]),
        (
            {"valid_until": date(2026, 2, 11), "purpose": "defence", "recipients": [PRISON]},
            ["expired", "other_purpose", "other_recipient"],
        ),
    ],
)
async def test_a_refusal_says_what_each_named_consent_lacks_and_what_is_missing_for_whom(
    office: Office, columns: dict[str, Any], fails: list[str]
) -> None:
    referral = await special(office, SELECTED)
    await change(office, referral, **columns)
    facts = await gate(office, PROBATION, request(referral))
    assert facts["consents"] == [{"id": CONSENT_ID, "fails": fails}]
    (missing,) = facts["missing"]
    assert (missing["party"], missing["agency_id"]) == ("center", CENTER)
    assert missing["because"] == "not_covered"
    assert facts["needs"] == ["special_adjustment.record_consent", "/consent_ids"]
    if columns == {"classes": ["C1", "C2"]}:
        assert "C1" not in missing["classes"]
        assert "C4" in missing["classes"]


async def test_an_unknown_consent_and_one_of_another_case_look_the_same(office: Office) -> None:
    elsewhere = await special(office, TO_ACCEPTED[:1])
    foreign = saying("special_adjustment.record_consent", elsewhere, {"consent_id": str(uuid4())})
    await send(office, PROBATION, foreign)
    record = foreign.body.consent_record()
    assert record is not None
    answers = []
    for consent in (record.id, uuid4()):
        referral = await special(office, SELECTED)
        facts = await gate(office, PROBATION, request(referral, consent))
        answers.append(repr(facts).replace(str(consent), "-"))
        envelope = replace(request(referral), consent_ids=(consent,))
        with pytest.raises(Invalid) as refused:
            await send(office, PROBATION, envelope)
        answers.append(repr(refused.value.facts).replace(str(consent), "-"))
    assert "'fails': ['unknown']" in answers[0]
    assert answers[:2] == answers[2:]


async def test_a_consent_of_the_case_that_the_sender_may_not_know_is_an_unknown_one(
    office: Office,
) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    office_only = uuid4()
    recorded = saying(
        "special_adjustment.record_consent",
        parent,
        {"consent_id": str(office_only), "recipients": ["probation_office"]},
    )
    await send(office, PROBATION, recorded)
    theirs = saying("regional_coordination.interview", child)
    with pytest.raises(Invalid) as refused:
        await send(office, OTHER_CENTER, replace(theirs, consent_ids=(office_only,)))
    assert refused.value.facts["errors"][0]["reason"] == "unknown_consent"
    withdrawal = saying(
        "regional_coordination.withdraw_consent", child, {"consent_ids": [str(office_only)]}
    )
    with pytest.raises(Invalid):
        await send(office, OTHER_CENTER, withdrawal)
    assert str(office_only) not in await consents_of(office, OTHER_CENTER, child)
    shared = replace(theirs, id=uuid4(), consent_ids=(UUID(CONSENT_REGIONAL_ID),))
    await send(office, CENTER, shared)


@pytest.mark.parametrize("named", ["probation_office", CENTER, "settlement_center"])
async def test_a_consent_that_the_list_does_not_show_and_an_unknown_one_are_answered_alike(
    office: Office, named: str
) -> None:
    """Neither a part in the referral, nor being named as a recipient, makes it known."""
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    hidden, none = uuid4(), uuid4()
    recorded = saying(
        "special_adjustment.record_consent",
        parent,
        {"consent_id": str(hidden), "recipients": [named]},
    )
    await send(office, PROBATION, recorded)
    tries = [
        (CENTER, "special_adjustment.record_consent", parent),
        (CENTER, "special_adjustment.withdraw_consent", parent),
        (PRISON, "special_adjustment.withdraw_consent", parent),
        (OTHER_CENTER, "regional_coordination.interview", child),
        (OTHER_CENTER, "regional_coordination.withdraw_consent", child),
    ]
    for agency, message_type, referral in tries:
        shown = str(hidden) in await consents_of(office, agency, referral)
        answers = [
            await answer_to(office, agency, message_type, referral, consent)
            for consent in (hidden, none)
        ]
        assert (answers[0] == answers[1]) is not shown, (agency, message_type)
        assert "unknown_consent" in answers[1]


async def test_a_request_does_not_rest_on_a_consent_that_its_sender_may_not_know_of(
    office: Office,
) -> None:
    """It was recorded before the sender took part."""
    before, after = TO_ASSESSING[:2], TO_ASSESSING[2:]
    parent = await special(office, before)
    hidden, none = uuid4(), uuid4()
    consent = {"consent_id": str(hidden), "recipients": [OTHER_CENTER], "purpose": "regional"}
    recorded = saying("special_adjustment.record_consent", parent, consent)
    await send(office, PROBATION, recorded)
    for agency, event in after:
        await send(office, agency, saying(f"special_adjustment.{event}", parent))
    assert str(hidden) not in await consents_of(office, CENTER, parent)
    answers = []
    for named in (hidden, none):
        request = saying(
            "regional_coordination.request",
            changes={"consent_id": str(named)},
            parent=parent,
            to={"destination_center": OTHER_CENTER},
        )
        with pytest.raises(GuardFailed) as refused:
            await office.exchange.rehearse(request, seat(CENTER))
        answers.append(repr(refused.value.facts).replace(str(named), "id"))
    assert answers[0] == answers[1]


async def asked_below(office: Office, hidden: UUID | None, *events: tuple[str, str]) -> UUID:
    """A regional coordination after these events, with one consent to C1 for the other center;
    and, recorded before the asking center took part, one to all classes."""
    parent = await special(office, TO_ASSESSING[:2])
    named = {"recipients": [OTHER_CENTER], "purpose": "regional"}
    record = "special_adjustment.record_consent"
    if hidden is not None:
        await send(office, PROBATION, saying(record, parent, {"consent_id": str(hidden), **named}))
    for agency, event in TO_ASSESSING[2:]:
        await send(office, agency, saying(f"special_adjustment.{event}", parent))
    told = {"consent_id": CONSENT_REGIONAL_ID, **named}
    await send(office, PROBATION, saying(record, parent, told))
    child = saying(
        "regional_coordination.request", parent=parent, to={"destination_center": OTHER_CENTER}
    )
    await send(office, CENTER, child)
    for agency, event in events:
        await send(office, agency, saying(f"regional_coordination.{event}", child.id))
    kept = "UPDATE consent SET classes = $3 WHERE referral_id = $1 AND id = $2"
    await office.owner.execute(kept, parent, UUID(CONSENT_REGIONAL_ID), ["C1"])
    first = "UPDATE consent SET recipients = $3 WHERE referral_id = $1 AND id = $2"
    await office.owner.execute(first, parent, UUID(CONSENT_ID), [CENTER])
    return child.id


async def test_an_answer_or_a_shared_message_tells_nothing_of_a_consent_that_was_not_told(
    office: Office,
) -> None:
    """It was recorded before the sender took part, and covers what the message would give."""
    for event, before in (("answer_query", "query"), ("offer_transfer", "accept")):
        answers = []
        for hidden in (uuid4(), None):
            child = await asked_below(
                office, hidden, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, before)
            )
            shows = "SELECT m.id FROM message m JOIN referral r ON r.parent_id = m.referral_id"
            wanted = "special_adjustment.request_cooperation"
            shown = await office.owner.fetchval(
                f"{shows} WHERE r.id = $1 AND m.type = $2", child, wanted
            )
            shared = (shown,) if event == "offer_transfer" else ()
            message = saying(f"regional_coordination.{event}", child, shared_messages=shared)
            with pytest.raises(GuardFailed) as refused:
                await office.exchange.rehearse(message, seat(CENTER))
            answers.append(refused.value.facts)
        assert answers[0] == answers[1]
        (guard,) = answers[0]["guards"]
        assert "C1" not in guard["missing"][0]["classes"]


def recording(where: UUID, flow: str, event: str, consent: UUID, **envelope: Any) -> Message:
    """A message that records a consent under this id."""
    body = {"consent_id": str(consent), "recipients": [OTHER_CENTER], "purpose": "regional"}
    return saying(f"{flow}.{event}", where, body, **envelope)


async def rehearsed(office: Office, agency: str, message: Message) -> str:
    """What a rehearsal answers, without the ids of the message and of its consent."""
    record = message.body.consent_record()
    assert record is not None
    try:
        outcome = await office.exchange.rehearse(message, seat(agency))
    except Refusal as refused:
        answer = repr((refused.code, refused.facts))
    else:
        assert isinstance(outcome, Rehearsed)
        answer = repr(rehearsal(outcome, agency, office.directory))
    return answer.replace(str(record.id), "consent").replace(str(message.id), "message")


@pytest.mark.parametrize("suspended", [False, True], ids=["going on", "suspended"])
async def test_a_rehearsal_does_not_tell_whether_a_hidden_consent_has_the_id_of_a_new_one(
    office: Office, *, suspended: bool
) -> None:
    """Nor does a refusal for another reason; and nothing is written under that id."""
    parent = await special(office, TO_ASSESSING[:2])
    hidden = uuid4()
    await send(office, PROBATION, recording(parent, ABOVE, "record_consent", hidden))
    for agency, event in TO_ASSESSING[2:]:
        await send(office, agency, saying(f"{ABOVE}.{event}", parent))
    told = {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    await send(office, PROBATION, saying(f"{ABOVE}.record_consent", parent, told))
    child = saying(f"{BELOW}.request", parent=parent, to={"destination_center": OTHER_CENTER})
    await send(office, CENTER, child)
    event = "renew_consent" if suspended else "record_consent"
    if suspended:
        await send(office, PROBATION, saying(f"{ABOVE}.withdraw_consent", parent))
    for agency, where, flow in [
        (CENTER, parent, ABOVE),
        (PRISON, parent, ABOVE),
        (CENTER, child.id, BELOW),
        (OTHER_CENTER, child.id, BELOW),
    ]:
        assert str(hidden) not in await consents_of(office, agency, where)
        late = {"occurred_on": START.date() + timedelta(days=9)}
        for envelope in ({}, late):
            answers = [
                await rehearsed(office, agency, recording(where, flow, event, each, **envelope))
                for each in (hidden, uuid4())
            ]
            assert answers[0] == answers[1], (agency, flow)
            assert ("would" in answers[0]) is not bool(envelope)
        with pytest.raises(Invalid) as refused:
            await send(office, agency, recording(where, flow, event, hidden))
        assert refused.value.facts["errors"][0]["reason"] == "already_recorded"
    message = recording(parent, ABOVE, event, hidden)
    assert "already_recorded" in await rehearsed(office, PROBATION, message)


async def test_what_is_withdrawn_is_named_in_the_body_and_not_in_the_envelope(
    office: Office,
) -> None:
    referral = await special(office)
    (consent,) = await consents_of(office, PROBATION, referral)
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    named = replace(withdrawal, consent_ids=(UUID(consent),))
    with pytest.raises(Invalid) as refused:
        await office.exchange.accept(named, seat(PROBATION))
    assert refused.value.facts["errors"] == [{"pointer": "/consent_ids", "reason": "not_taken"}]


async def answer_to(
    office: Office, agency: str, message_type: str, referral: UUID, consent: UUID
) -> str:
    """What a rehearsal says of a message that names a consent."""
    withdraws = message_type.endswith(".withdraw_consent")
    changes: dict[str, Any] = {"consent_ids": [str(consent)]} if withdraws else {}
    if message_type.endswith(".record_consent"):
        changes = {"consent_id": str(uuid4())}
    message = saying(message_type, referral, changes)
    named = message if withdraws else replace(message, consent_ids=(consent,))
    try:
        await office.exchange.rehearse(named, seat(agency))
    except Invalid as refused:
        return repr(refused.facts)
    return "taken"


async def test_what_is_known_for_a_message_is_what_the_list_shows(office: Office) -> None:
    """One rule, asked for all consents at once and for one."""
    await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    differing = await office.owner.fetchval(
        "SELECT count(*) FROM consent c CROSS JOIN agency a WHERE knows_consent(a.id, c)"
        " IS DISTINCT FROM (c.id = ANY (known_consents(a.id, c.case_id)))"
    )
    assert differing == 0


async def test_each_reader_learns_on_which_consent_it_was_told_and_nobody_elses(
    office: Office,
) -> None:
    referral = await special(office, SELECTED)
    message = request(referral)
    await send(office, PROBATION, message)
    rests_on = {}
    for agency in (PROBATION, CENTER, PRISON):
        (opened,) = await office.reading.open(seat(agency), [message.id])
        rests_on[agency] = opened.envelope["rests_on"]
    assert rests_on == {PROBATION: [CONSENT_ID], CENTER: [CONSENT_ID], PRISON: []}


async def test_without_a_named_one_those_that_carry_it_are_recorded(office: Office) -> None:
    referral = await special(office)
    narrow, other = str(uuid4()), str(uuid4())
    for consent, changes in (
        (narrow, {"item_classes": ["C4"]}),
        (other, {"recipients": [OTHER_CENTER]}),
    ):
        body = {"consent_id": consent, **changes}
        await send(office, PROBATION, saying("special_adjustment.record_consent", referral, body))
    moved = saying("special_adjustment.change_custody", referral)
    assert moved.rests_on() == frozenset()
    await send(office, PRISON, moved)
    (message,) = await office.reading.open(seat(CENTER), [moved.id])
    assert set(message.envelope["rests_on"]) == {CONSENT_ID, narrow}
    named = saying("special_adjustment.change_custody", referral, consent_ids=(UUID(narrow),))
    await send(office, PRISON, named)
    (message,) = await office.reading.open(seat(CENTER), [named.id])
    assert message.envelope["rests_on"] == [narrow]


async def test_a_shared_message_and_a_correction_rest_on_consent_too(office: Office) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    shared = await office.owner.fetchval(
        "SELECT id FROM message WHERE referral_id = $1 AND type = $2", parent, REQUEST
    )
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(shared,))
    await send(office, CENTER, offer)
    (message,) = await office.reading.open(seat(OTHER_CENTER), [shared])
    assert CONSENT_REGIONAL_ID in message.envelope["rests_on"]
    task = saying("regional_coordination.interview", child)
    with pytest.raises(Exception, match="illegal_move"):
        await send(office, CENTER, task)
    correction = saying("regional_coordination.offer_transfer", child, corrects=offer.id)
    await send(office, CENTER, correction)
    (message,) = await office.reading.open(seat(OTHER_CENTER), [correction.id])
    assert CONSENT_REGIONAL_ID in message.envelope["rests_on"]


async def test_consents_are_seen_by_those_who_were_told_of_them_or_received_something_on_them(
    office: Office,
) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    both = {CONSENT_ID, CONSENT_REGIONAL_ID}
    assert (await consents_of(office, PRISON, parent)).keys() == set()  # recorded between others
    for agency in (PROBATION, CENTER):
        assert (await consents_of(office, agency, parent)).keys() == both
    theirs = await consents_of(office, OTHER_CENTER, child)  # what reached it rests on this one
    assert theirs.keys() == {CONSENT_REGIONAL_ID}
    regional = theirs[CONSENT_REGIONAL_ID]
    assert (regional.referral_id, regional.recorded_in) == (None, None)
    assert (regional.state, regional.counts_in) == ("effective", [child])
    own = (await consents_of(office, CENTER, parent))[CONSENT_REGIONAL_ID]
    assert own.referral_id == parent
    assert set(own.counts_in) == {parent, child}
    assert own.recorded_in is not None


async def test_whoever_takes_over_a_part_knows_the_consents_that_it_was_told_of(
    office: Office,
) -> None:
    parent, _ = await hand_over(office)
    office.clock.now += timedelta(minutes=1)
    moved = saying(
        "special_adjustment.transfer_office", parent, to={"probation_office": "probation-14"}
    )
    await send(office, PROBATION, moved)
    known = await consents_of(office, "probation-14", parent)
    assert known.keys() == {CONSENT_ID, CONSENT_REGIONAL_ID}
    office.clock.now -= timedelta(minutes=1)


async def test_a_stranger_is_told_of_no_case(office: Office) -> None:
    referral = await special(office)
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    for agency, wanted in ((OTHER_CENTER, case), (PROBATION, uuid4())):
        with pytest.raises(NotFound):
            await office.consents.of_case(agency, wanted, None, 10)


async def test_a_list_says_how_each_consent_stands_today(office: Office) -> None:
    referral = await special(office)
    later, over = str(uuid4()), str(uuid4())
    days: tuple[tuple[str, dict[str, Any]], ...] = (
        (later, {"valid_from": "2027-01-01"}),
        (over, {"valid_until": "2026-06-01"}),
    )
    for consent, changes in days:
        body = {"consent_id": consent, **changes}
        await send(office, PROBATION, saying("special_adjustment.record_consent", referral, body))
    consents = await consents_of(office, CENTER, referral)
    assert {i: consents[i].state for i in (CONSENT_ID, later, over)} == {
        CONSENT_ID: "effective",
        later: "not_yet",
        over: "expired",
    }
    taken = saying("special_adjustment.withdraw_consent", referral, {"consent_ids": [over]})
    await send(office, PROBATION, taken)
    consents = await consents_of(office, CENTER, referral)
    assert consents[over].state == "withdrawn"
    assert consents[over].withdrawn_in == taken.id
    assert consents[CONSENT_ID].state == "suspended"
    pages: list[KnownConsent] = []
    after = None
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    while page := await office.consents.of_case(CENTER, case, after, 1):
        pages += page
        after = (page[0].consent.record.valid_from, page[0].consent.record.id)
    assert {str(p.consent.record.id) for p in pages} == consents.keys()
    assert len(pages) == 3


async def test_a_party_that_has_ended_knows_of_consents_what_it_knew_then(office: Office) -> None:
    parent, child = await hand_over(
        office,
        (OTHER_CENTER, "acknowledge"),
        (OTHER_CENTER, "accept"),
        (CENTER, "offer_transfer"),
    )
    await send(office, OTHER_CENTER, saying("regional_coordination.accept_transfer", child))
    await send(office, OTHER_CENTER, saying("regional_coordination.complete", child))
    office.clock.now += timedelta(hours=1)
    try:
        before = await consents_of(office, CENTER, parent)
        new = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER]}
        record = saying("special_adjustment.record_consent", parent, new)
        await send(office, PROBATION, record)
        withdrawal = {"consent_ids": [new["consent_id"]]}
        await send(
            office,
            PROBATION,
            saying("special_adjustment.withdraw_consent", parent, withdrawal),
        )
        assert await consents_of(office, CENTER, parent) == before
        assert str(new["consent_id"]) in await consents_of(office, OTHER_CENTER, parent)
    finally:
        office.clock.now = START


async def test_a_part_taken_back_later_changes_nothing_for_a_party_that_ended_before(
    office: Office,
) -> None:
    parent, child = await hand_over(
        office,
        (OTHER_CENTER, "acknowledge"),
        (OTHER_CENTER, "accept"),
    )
    withdrawal, renewal = "special_adjustment.withdraw_consent", "special_adjustment.renew_consent"
    consent = str(uuid4())
    record = {"consent_id": consent, "recipients": [OTHER_CENTER]}
    await send(office, PROBATION, saying("special_adjustment.record_consent", parent, record))
    c4 = {"consent_ids": [consent], "withdrawn_items": ["C4"]}
    seen_in = saying(withdrawal, parent, c4)
    await send(office, PROBATION, seen_in)
    renewed = {"consent_id": str(uuid4())}
    await send(office, PROBATION, saying(renewal, parent, renewed))
    await send(office, CENTER, saying("regional_coordination.offer_transfer", child))
    await send(office, OTHER_CENTER, saying("regional_coordination.accept_transfer", child))
    await send(office, OTHER_CENTER, saying("regional_coordination.complete", child))
    office.clock.now += timedelta(hours=1)
    try:
        before = await consents_of(office, CENTER, parent)
        first = before[consent]
        assert first.consent.withdrawn_items == {"C4"}
        assert first.withdrawn_in == seen_in.id
        for part in ({"withdrawn_items": ["C7"]}, {}):
            changes = {"consent_ids": [consent], **part}
            await send(office, PROBATION, saying(withdrawal, parent, changes))
            assert await consents_of(office, CENTER, parent) == before
            again = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER]}
            await send(office, PROBATION, saying(renewal, parent, again))
            assert await consents_of(office, CENTER, parent) == before
        now = (await consents_of(office, PROBATION, parent))[consent]
        assert (now.state, now.consent.withdrawn_items) == (
            "withdrawn",
            frozenset({"C4", "C7"}),
        )
    finally:
        office.clock.now = START
