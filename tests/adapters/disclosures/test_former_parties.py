"""What a former party sees of its messages: what was known when its part ended, and no more."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.adapters.deliveries.overdue import Overdue
from app.adapters.disclosures.listing import DisclosureFilter
from tests.adapters.deliveries.test_deliveries import position
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, special

HOUR = timedelta(hours=1)


async def left_behind(office: Office) -> tuple[UUID, UUID]:
    """A referral that the prison has left, after one of two readers had opened its message."""
    office.clock.now = START
    referral = await special(office)
    moved = {"release_on": "2027-01-29", "new": "2027-01-29"}
    change = saying("special_adjustment.change_custody", referral, moved)
    await office.exchange.accept(change, seat(PRISON))
    await office.reading.open(seat(PROBATION), [change.id])
    office.clock.now = START + HOUR
    transfer = saying(
        "special_adjustment.transfer_institution", referral, to={"institution": "prison-osaka"}
    )
    await office.exchange.accept(transfer, seat(PRISON))
    office.clock.now = START + 2 * HOUR
    return referral, change.id


@pytest.fixture(autouse=True)
def at_start(office: Office) -> Any:
    """Set the clock back after each test."""
    yield
    office.clock.now = START


async def what_it_sees(office: Office, referral: UUID, message: UUID) -> Any:
    """All that the prison is shown of what became of its message."""
    deliveries = await office.deliveries.sent_messages(PRISON, referral, 0, 100)
    explained = await office.deliveries.explain(PRISON, referral, message)
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    page = await office.disclosures.page(PRISON, case, DisclosureFilter(), None, 100)
    summary = (await office.disclosures.summarize(PRISON, case)).agencies()
    entries = await office.owner.fetch(
        "SELECT id FROM log_entry WHERE $1 = ANY (agencies) AND message_id = $2 ORDER BY id",
        PRISON,
        message,
    )
    return repr((deliveries, explained, page, summary, entries))


async def test_what_others_do_after_its_part_ended_changes_nothing_that_it_sees(
    office: Office,
) -> None:
    referral, message = await left_behind(office)
    before = await what_it_sees(office, referral, message)
    await office.reading.open(seat(CENTER), [message])
    place = await position(office, CENTER, message)
    await office.inboxes.acknowledge(seat(CENTER), [place], None)
    await office.reading.open(seat(PROBATION, "case_worker"), [message])
    assert await what_it_sees(office, referral, message) == before
    assert f"{PROBATION}.decider" in before  # what it knew it goes on seeing


async def test_it_is_not_told_that_others_are_late(office: Office) -> None:
    referral, _ = await left_behind(office)
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=2) as worker:
        office.clock.now = START + timedelta(days=30)
        while await Overdue(worker, office.clock).tell_late():
            pass
    told = (
        "SELECT count(*) FROM inbox_item i JOIN message m ON m.id = i.message_id"
        " WHERE i.agency_id = $1 AND i.kind LIKE 'delivery.%' AND m.referral_id = $2"
        " AND m.from_agency = $3"
    )
    assert await office.owner.fetchval(told, PRISON, referral, PRISON) == 0
    assert await office.owner.fetchval(told, CENTER, referral, PRISON) > 0
