"""The log entries of an older message that is shared with a party of another referral."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.deliveries.recall import RecallReason
from app.domain.errors import GuardFailed, Invalid
from app.domain.messages.message import PaperOrigin
from tests.adapters.referrals.test_reading import the
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over

TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
BY_MESSAGE = "SELECT * FROM log_entry WHERE message_id = $1 AND kind = $2 ORDER BY at, id"


async def share(office: Office, child: UUID, *shared: UUID) -> UUID:
    """An offer of the asking center that shows the other center these messages."""
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=shared)
    await office.exchange.accept(offer, seat(CENTER))
    return offer.id


async def given(office: Office) -> list[tuple[UUID, str, frozenset[str]]]:
    """Which message was given to which agency in which classes, as disclosures and log say."""
    shown = await office.owner.fetch("SELECT shown_id, agency_id, classes FROM shown")
    entries = await office.owner.fetch(
        "SELECT message_id, detail FROM log_entry WHERE kind = 'sharing'"
    )
    said = [(r["shown_id"], r["agency_id"], frozenset(r["classes"])) for r in shown]
    return said + [
        (e["message_id"], agency, frozenset())
        for e in entries
        for agency in json.loads(e["detail"])["to"]
    ]


async def all_that_is_said_to_be_given_can_be_read(office: Office) -> None:
    """Each such statement has a copy, in these classes, through a part that goes on."""
    for message, agency, classes in await given(office):
        copy = await office.row(
            "SELECT c.classes FROM copy c JOIN party q ON q.referral_id = c.referral_id"
            " AND q.agency_id = c.agency_id WHERE c.message_id = $1 AND c.agency_id = $2",
            message,
            agency,
        )
        assert classes <= set(copy["classes"])


async def reasons(office: Office, agency: str, message: Any) -> list[tuple[str, str]]:
    """Where and why a message is refused."""
    with pytest.raises(Invalid) as refused:
        await office.exchange.accept(message, seat(agency))
    return [(e["pointer"], e["reason"]) for e in refused.value.facts["errors"]]


async def test_the_log_proves_a_shared_message_to_whom_it_was_given(office: Office) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    request = await the(office, parent, "request_cooperation")
    offer = saying("regional_coordination.accept", child)
    await office.exchange.accept(offer, seat(OTHER_CENTER))
    sharing = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(sharing, seat(CENTER))
    (entry,) = await office.owner.fetch(BY_MESSAGE, request, "sharing")
    (accepted,) = await office.owner.fetch(BY_MESSAGE, request, "acceptance")
    assert entry["agencies"] == [CENTER, OTHER_CENTER]
    assert entry["referral_id"] == child
    assert entry["case_id"] == accepted["case_id"]
    detail = json.loads(entry["detail"])
    assert detail["digest"] == json.loads(accepted["detail"])["digest"]
    (shared,) = await office.reading.open(seat(OTHER_CENTER), [request])
    assert detail["digest"] == shared.envelope["digest"]
    assert detail["to"] == [OTHER_CENTER]
    assert OTHER_CENTER not in accepted["agencies"]


async def test_the_sharer_cannot_tell_from_the_log_who_had_the_message_already(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    for _ in range(2):
        await share(office, child, request)
        refusal = saying("regional_coordination.refuse_transfer", child)
        await office.exchange.accept(refusal, seat(OTHER_CENTER))
    first, second = await office.owner.fetch(BY_MESSAGE, request, "sharing")
    for name in ("agencies", "detail", "referral_id"):
        assert first[name] == second[name]


async def test_no_recipient_learns_from_the_log_what_another_one_was_given(office: Office) -> None:
    parent, _ = await hand_over(office)
    request = await the(office, parent, "request_cooperation")
    (accepted,) = await office.owner.fetch(BY_MESSAGE, request, "acceptance")
    assert json.loads(accepted["detail"])["to"] == sorted({PRISON, CENTER})


async def test_the_sender_of_a_shared_message_does_not_learn_who_reads_it_elsewhere(
    office: Office,
) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    request = await the(office, parent, "request_cooperation")
    sharing = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    await office.exchange.accept(sharing, seat(CENTER))
    mine = "SELECT count(*) FROM log_entry WHERE $1 = ANY (agencies)"
    before = await office.owner.fetchval(mine, PROBATION)
    await office.reading.open(seat(OTHER_CENTER), [request])
    assert await office.owner.fetchval(mine, PROBATION) == before
    (entry,) = await office.owner.fetch(BY_MESSAGE, request, "disclosure")
    assert entry["agencies"] == [OTHER_CENTER]


NOT_TAKEN = {
    "shared_messages": "/shared_messages",
    "to": "/to",
    "paper_origin": "/paper_origin",
}


@pytest.mark.parametrize("field", NOT_TAKEN)
async def test_a_correction_takes_nothing_that_it_does_not_do(office: Office, field: str) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    offer = await share(office, child)
    before = await given(office)
    value: Any = {
        "shared_messages": (request,),
        "to": {"destination_center": "center-14"},
        "paper_origin": PaperOrigin(office.clock().date(), "fax"),
    }[field]
    again = saying("regional_coordination.offer_transfer", child, corrects=offer)
    assert await reasons(office, CENTER, replace(again, **{field: value})) == [
        (NOT_TAKEN[field], "not_taken")
    ]
    assert await given(office) == before


async def test_a_correction_names_only_what_there_is_and_what_has_come(office: Office) -> None:
    _, child = await hand_over(office, *TAKEN)
    offer = await share(office, child)
    tomorrow = office.clock().date() + timedelta(days=1)
    again = saying(
        "regional_coordination.offer_transfer", child, corrects=offer,
        in_reply_to=uuid4(), consent_ids=(uuid4(),), occurred_on=tomorrow,
    )  # fmt: skip
    assert await reasons(office, CENTER, again) == [
        ("/occurred_on", "not_yet"),
        ("/in_reply_to", "unknown_message"),
        ("/consent_ids/0", "unknown_consent"),
    ]


@pytest.mark.parametrize(
    ("agency", "event"),
    [(OTHER_CENTER, "query"), (OTHER_CENTER, "accept"), (CENTER, "withdraw"), (CENTER, "decline")],
)
async def test_only_a_row_that_shares_takes_shared_messages(
    office: Office, agency: str, event: str
) -> None:
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    request = await the(office, parent, "request_cooperation")
    message = saying(f"regional_coordination.{event}", child, shared_messages=(request,))
    assert await reasons(office, agency, message) == [("/shared_messages", "not_taken")]


async def test_a_message_is_shared_in_the_classes_that_the_sharers_seat_may_open(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    offer = saying("regional_coordination.offer_transfer", child, shared_messages=(request,))
    narrow = replace(seat(CENTER), classes=frozenset({"C0", "C1"}))
    await office.exchange.accept(offer, narrow)
    (shared,) = await office.reading.open(seat(OTHER_CENTER), [request])
    assert set(shared.salts) == {"C0", "C1"}
    refusal = saying("regional_coordination.refuse_transfer", child)
    await office.exchange.accept(refusal, seat(OTHER_CENTER))
    await share(office, child, request)
    (wider,) = await office.reading.open(seat(OTHER_CENTER), [request])
    assert set(wider.salts) > {"C0", "C1"}
    await all_that_is_said_to_be_given_can_be_read(office)


async def test_what_consent_does_not_cover_is_not_shared_and_the_offer_is_taken_without_it(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    change = "UPDATE consent SET recipients = $2, classes = $3 WHERE purpose = $1"
    await office.owner.execute(change, "special_adjustment", [CENTER], ["C1", "C2", "C4"])
    await office.owner.execute(change, "regional", [OTHER_CENTER], ["C2"])
    with pytest.raises(GuardFailed) as refused:
        await share(office, child, request)
    assert [guard["name"] for guard in refused.value.facts["guards"]] == ["consent_covers"]
    await share(office, child)


async def test_what_was_recalled_is_not_shared_and_nothing_is_given_twice(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    interview = await the(office, parent, "interview")
    request = await the(office, parent, "request_cooperation")
    await office.recalls.recall(seat(CENTER), parent, interview, RecallReason.WRONG_CONTENT, None)
    offer = saying(
        "regional_coordination.offer_transfer", child,
        shared_messages=(interview, request, request),
    )  # fmt: skip
    assert await reasons(office, CENTER, offer) == [
        ("/shared_messages/0", "recalled"),
        ("/shared_messages/2", "given_twice"),
    ]


async def test_whoever_is_not_told_of_a_recall_shares_its_own_copy_as_before(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    await office.recalls.recall(
        seat(PROBATION), parent, request, RecallReason.WRONG_RECIPIENT, [PRISON]
    )
    await share(office, child, request)
    await all_that_is_said_to_be_given_can_be_read(office)


async def test_a_former_lead_that_is_shown_its_own_message_reads_it_again(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    interview = await the(office, parent, "interview")
    await share(office, child, interview)
    taking = saying("regional_coordination.accept_transfer", child)
    await office.exchange.accept(taking, seat(OTHER_CENTER))
    back = saying(
        "regional_coordination.request", parent=parent, to={"destination_center": CENTER},
        shared_messages=(interview,),
    )  # fmt: skip
    (ended,) = await office.reading.open(seat(CENTER), [interview])
    assert not ended.body
    await office.exchange.accept(back, seat(OTHER_CENTER))
    (again,) = await office.reading.open(seat(CENTER), [interview])
    assert again.body
    assert again.envelope["via"] == str(back.id)
    await all_that_is_said_to_be_given_can_be_read(office)


async def test_on_paper_only_whoever_shared_a_message_takes_it_to_where_it_was_shared(
    office: Office,
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    request = await the(office, parent, "request_cooperation")
    await share(office, child, request)
    await office.owner.execute("UPDATE agency SET connected = false WHERE id = $1", OTHER_CENTER)
    try:
        assert await office.deliveries.paper_copies(PROBATION, request) == {}
        assert await office.deliveries.paper_copies(OTHER_CENTER, request) == {}
        assert (await office.deliveries.paper_copies(CENTER, request)).keys() == {OTHER_CENTER}
    finally:
        await office.owner.execute("UPDATE agency SET connected = true WHERE id = $1", OTHER_CENTER)


async def test_whatever_is_said_to_be_given_can_be_read(office: Office) -> None:
    """After every other test of this file, on the same database."""
    assert await given(office)
    await all_that_is_said_to_be_given_can_be_read(office)
