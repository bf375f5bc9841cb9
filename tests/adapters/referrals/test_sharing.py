"""The log entries of an older message that is shared with a party of another referral."""

import json

from tests.adapters.referrals.test_reading import the
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over

BY_MESSAGE = "SELECT * FROM log_entry WHERE message_id = $1 AND kind = $2 ORDER BY at, id"


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
    parent, child = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    request = await the(office, parent, "request_cooperation")
    for _ in range(2):
        query = saying("regional_coordination.query", child)
        await office.exchange.accept(query, seat(OTHER_CENTER))
        answer = saying("regional_coordination.answer_query", child, shared_messages=(request,))
        await office.exchange.accept(answer, seat(CENTER))
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
