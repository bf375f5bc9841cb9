"""What a former party sees of its messages: what was known when its part ended, and no more."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.deliveries.overdue import Overdue
from app.adapters.disclosures.listing import DisclosureFilter
from app.domain.messages.payloads.samples import CONSENT_ID
from tests.adapters.deliveries.test_deliveries import position
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, special

HOUR = timedelta(hours=1)
SUCCESSOR = "probation-27"


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
    consents = await office.consents.of_case(PRISON, case, None, 100)
    return repr((deliveries, explained, page, summary, entries, consents))


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


async def prison_leaves(office: Office, referral: UUID) -> None:
    """Hand the prison's part over."""
    office.clock.now += HOUR
    to = {"institution": "prison-osaka"}
    transfer = saying("special_adjustment.transfer_institution", referral, to=to)
    await office.exchange.accept(transfer, seat(PRISON))
    office.clock.now += HOUR


async def office_leaves(office: Office, referral: UUID) -> None:
    """Hand the probation office's part over."""
    office.clock.now += HOUR
    to = {"probation_office": SUCCESSOR}
    transfer = saying("special_adjustment.transfer_office", referral, to=to)
    await office.exchange.accept(transfer, seat(PROBATION))
    office.clock.now += HOUR


async def office_says(office: Office, event: str, referral: UUID, **body: Any) -> None:
    """Send a message of the probation office."""
    message = saying(f"special_adjustment.{event}", referral, body)
    await office.exchange.accept(message, seat(PROBATION))


async def report_another_day(office: Office, referral: UUID) -> UUID:
    """Report another day of release from the prison; the id of the message."""
    moved = {"release_on": "2027-01-29", "new": "2027-01-29"}
    message = saying("special_adjustment.change_custody", referral, moved)
    await office.exchange.accept(message, seat(PRISON))
    return message.id


RETURNING: dict[str, dict[str, Any]] = {
    "renew_consent": {},
    "retract_withdrawal": {"consent_ids": [CONSENT_ID]},
}


@pytest.mark.parametrize("event", RETURNING)
@pytest.mark.parametrize("sent", ["before the withdrawal", "during the suspension"])
async def test_what_consent_gives_later_is_not_told_to_whoever_has_left(
    office: Office, event: str, sent: str
) -> None:
    referral = await special(office)
    if sent == "before the withdrawal":
        message = await report_another_day(office, referral)
    await office_says(office, "withdraw_consent", referral)
    if sent == "during the suspension":
        message = await report_another_day(office, referral)
    await prison_leaves(office, referral)
    before = await what_it_sees(office, referral, message)
    told = sent == "before the withdrawal"  # of the consent, on which its message rested
    assert (told, told) == ("consent_withdrawn" in before, "state='withdrawn'" in before)
    await office_says(office, event, referral, **RETURNING[event])
    assert await what_it_sees(office, referral, message) == before
    await office.reading.open(seat(CENTER), [message])
    office.clock.now += HOUR
    await office_says(office, "withdraw_consent", referral)
    assert await what_it_sees(office, referral, message) == before
    office.clock.now += HOUR
    await office_says(office, "retract_withdrawal", referral, consent_ids=[CONSENT_ID])
    assert await what_it_sees(office, referral, message) == before


@pytest.mark.parametrize("event", ["confirm_consent", "refuse_consent"])
async def test_what_becomes_of_a_claim_later_is_not_told_to_whoever_has_left(
    office: Office, event: str
) -> None:
    referral = await special(office)
    claim = str(uuid4())
    said = saying("special_adjustment.record_consent", referral, {"consent_id": claim})
    await office.exchange.accept(said, seat(CENTER))
    await office_leaves(office, referral)
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    before = await office.consents.of_case(PROBATION, case, None, 100)
    assert "claimed" in {c.state for c in before}
    answer = saying(f"special_adjustment.{event}", referral, {"consent_id": claim})
    await office.exchange.accept(answer, seat(SUCCESSOR))
    assert await office.consents.of_case(PROBATION, case, None, 100) == before
    mine = await office.consents.of_case(SUCCESSOR, case, None, 100)
    assert "claimed" not in {c.state for c in mine}


async def test_a_part_that_is_taken_back_later_is_not_told_to_whoever_has_left(
    office: Office,
) -> None:
    referral = await special(office)
    message = await report_another_day(office, referral)
    await office_says(office, "withdraw_consent", referral, withdrawn_items=["C4"])
    await prison_leaves(office, referral)
    before = await what_it_sees(office, referral, message)
    await office_says(office, "retract_withdrawal", referral, consent_ids=[CONSENT_ID])
    assert await what_it_sees(office, referral, message) == before


async def test_each_of_two_that_left_sees_a_consent_as_it_was_then(office: Office) -> None:
    referral = await special(office)
    message = await report_another_day(office, referral)
    await office_says(office, "withdraw_consent", referral)
    await prison_leaves(office, referral)
    first = await what_it_sees(office, referral, message)
    back = {"consent_ids": [CONSENT_ID]}
    await office_says(office, "retract_withdrawal", referral, **back)
    await office_leaves(office, referral)
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    second = await office.consents.of_case(PROBATION, case, None, 100)
    assert {c.state for c in second} == {"effective"}
    for event, said in (("withdraw_consent", {}), ("retract_withdrawal", back)):
        message_of_successor = saying(f"special_adjustment.{event}", referral, said)
        await office.exchange.accept(message_of_successor, seat(SUCCESSOR))
        office.clock.now += HOUR
        assert await office.consents.of_case(PROBATION, case, None, 100) == second
        assert await what_it_sees(office, referral, message) == first


async def test_what_a_consent_adds_to_a_copy_is_on_record_with_its_own_time_and_consent(
    office: Office,
) -> None:
    referral = await special(office)
    await office_says(office, "withdraw_consent", referral)
    message = await report_another_day(office, referral)
    office.clock.now += HOUR
    renewed = str(uuid4())
    await office_says(office, "renew_consent", referral, consent_id=renewed)
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    for agency in (PRISON, CENTER):
        page = await office.disclosures.page(agency, case, DisclosureFilter(), None, 200)
        received = [
            (d.at, sorted(d.classes or ()), [str(i) for i in d.consent_ids])
            for d in page.items
            if (d.message_id, d.agency_id, d.how) == (message, CENTER, "received")
        ]
        assert received == [
            (START, ["C0"], []),
            (START + HOUR, ["C4"], [renewed]),
        ]
    (opened,) = await office.reading.open(seat(CENTER), [message])
    assert opened.envelope["rests_on"] == [renewed]
