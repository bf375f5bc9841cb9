"""What happens to a message that is accepted, and to one that is not."""

import asyncio
from uuid import uuid4

import pytest

from app.domain.errors import IdReused, NotFound
from tests.support.callers import seat
from tests.support.office import Office, saying


async def test_fifty_sends_of_one_id_make_one_message_and_fifty_equal_receipts(
    office: Office,
) -> None:
    message = saying("special_adjustment.notify_candidate")
    prison = seat("prison-fuchu")
    answers = await asyncio.gather(*(office.exchange.accept(message, prison) for _ in range(50)))
    assert len({a.answer for a in answers}) == 1
    assert sum(not a.repeated for a in answers) == 1
    count = "SELECT count(*) FROM message WHERE id = $1"
    assert await office.owner.fetchval(count, message.id) == 1


async def test_an_id_that_stands_for_something_else_is_refused_alike_to_all(office: Office) -> None:
    message = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(message, seat("prison-fuchu"))
    other = saying("special_adjustment.notify_candidate", id=message.id, urgency="urgent")
    with pytest.raises(IdReused):
        await office.exchange.accept(other, seat("prison-fuchu"))
    with pytest.raises(IdReused):
        await office.exchange.accept(message, seat("prison-osaka"))


async def test_a_stranger_finds_nothing(office: Office) -> None:
    message = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(message, seat("prison-fuchu"))
    start = saying("special_adjustment.start_selection", message.id)
    with pytest.raises(NotFound) as real:
        await office.exchange.accept(start, seat("probation-27"))
    nothing = saying("special_adjustment.start_selection", uuid4())
    with pytest.raises(NotFound) as made_up:
        await office.exchange.accept(nothing, seat("probation-27"))
    assert real.value.facts == made_up.value.facts


async def test_what_was_sent_is_read_by_its_recipient_and_waits_in_its_inbox(
    office: Office,
) -> None:
    message = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(message, seat("prison-fuchu"))
    (opened,) = await office.reading.open(seat("probation-13"), [message.id])
    assert opened.body == message.body.model_dump(mode="json", exclude_none=True)
    assert opened.withheld == []
    page = await office.inboxes.read("probation-13", 0, 200, 0, unacknowledged=False)
    assert str(message.id) in page
