"""A detained person says no: nobody but the two agencies present can tell that it ever happened."""

import json
from typing import Any
from uuid import UUID

import pytest

from app.domain.errors import NotFound
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.whole.test_walks import what_it_sees

PROSECUTOR, PROBATION = "prosecutor-13", "probation-13"
OUTSIDE = ("center-13", "bar-13-tokyo", "prison-fuchu", "prosecutor-27", "probation-14")


async def explain(office: Office) -> UUID:
    """Open a consultation and explain to the person what there is to agree to; its id."""
    opening = saying("suspect_support.consult")
    await office.exchange.accept(opening, seat(PROSECUTOR))
    await office.exchange.accept(saying("suspect_support.explain", opening.id), seat(PROSECUTOR))
    return opening.id


async def refuse(office: Office, referral: UUID) -> UUID:
    """Send the message of the person's refusal; its id."""
    message = saying("suspect_support.refuse", referral)
    await office.exchange.accept(message, seat(PROSECUTOR))
    return message.id


async def all_visible(office: Office, agency: str, referral: UUID) -> str:
    """All that an agency can find out, in views, inbox, log and lists, as text."""
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    visible: list[Any] = [await what_it_sees(office, agency, referral)]
    for listing in (
        office.consents.of_case(agency, case, None, 50),
        office.return_requests.of_case(agency, case, None, 50),
        office.deliveries.sent_messages(agency, referral, 0, 50),
    ):
        try:
            visible.append(await listing)
        except NotFound:
            visible.append(None)
    visible.append(await office.recalls.misdirected_disclosures(agency, None, 100))
    visible.append(await office.return_requests.sent_to(agency, None, 100))
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.agency', $1, true)", agency)
        for table in ("log_entry", "consent", "message", "deadline", "settlement", "party"):
            rows = await connection.fetch(f"SELECT count(*) FROM {table}")  # noqa: S608 -- ours
            visible.append(rows)
    return repr(visible)


@pytest.mark.parametrize("agency", OUTSIDE)
async def test_everybody_else_sees_the_same_to_the_last_byte(office: Office, agency: str) -> None:
    referral = await explain(office)
    before = await all_visible(office, agency, referral)
    await refuse(office, referral)
    assert await all_visible(office, agency, referral) == before


async def test_the_log_has_a_plain_acceptance_for_the_two_and_nothing_says_what_it_was(
    office: Office,
) -> None:
    referral = await explain(office)
    message = await refuse(office, referral)
    rows = await office.owner.fetch(
        "SELECT kind, agencies, detail, message_id FROM log_entry WHERE referral_id = $1", referral
    )
    assert rows
    assert {agency for row in rows for agency in row["agencies"]} == {PROSECUTOR, PROBATION}
    details = {
        row["message_id"]: json.loads(row["detail"]) for row in rows if row["kind"] == "acceptance"
    }
    refusal = details.pop(message)
    assert {tuple(sorted(plain)) for plain in details.values()} == {tuple(sorted(refusal))}
    text = repr([dict(row) for row in rows if row["message_id"] == message])
    assert "refuse" not in text
    assert "suspect_support" not in text


async def test_keys_facts_and_days_are_gone_in_the_same_moment_and_a_number_is_left(
    office: Office,
) -> None:
    referral = await explain(office)
    assert await office.owner.fetchval(
        "SELECT count(*) FROM deadline WHERE referral_id = $1", referral
    )
    counts = "SELECT count(*) FROM referral WHERE erased_reason = 'refused'"
    settled = "SELECT count(*) FROM settlement"
    number, statistics = await office.owner.fetchval(counts), await office.owner.fetchval(settled)
    await refuse(office, referral)
    for table in ("referral_key", "deadline", "consent"):
        query = f"SELECT count(*) FROM {table} WHERE referral_id = $1"  # noqa: S608 -- ours
        assert await office.owner.fetchval(query, referral) == 0, table
    views = await office.owner.fetch("SELECT view FROM party WHERE referral_id = $1", referral)
    # That it is closed, and how, is for the two who were there.
    closed = {"close_reason": "declined_by_subject"}
    assert [json.loads(row["view"])["facts"] for row in views] == [closed, closed]
    facts = await office.owner.fetchval("SELECT facts FROM referral WHERE id = $1", referral)
    assert facts == "{}"
    assert await office.owner.fetchval(counts) == number + 1
    assert await office.owner.fetchval(settled) == statistics
    messages = [
        row["id"]
        for row in await office.owner.fetch(
            "SELECT id FROM message WHERE referral_id = $1", referral
        )
    ]
    for agency in (PROSECUTOR, PROBATION):
        opened = await office.reading.open(seat(agency), messages)
        assert all(each.body == {} for each in opened)
