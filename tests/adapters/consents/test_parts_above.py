"""A center reads what another one writes for it within the consents for its own part above."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.messages.payloads.samples import CONSENT_REGIONAL_ID
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PROBATION, hand_over, send

PARENT, CHILD = "special_adjustment", "regional_coordination"
TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))


async def opened(office: Office, message: UUID) -> tuple[set[str], set[str]]:
    """The classes of a message that the center opens, and the reasons why others are withheld."""
    (opening,) = await office.reading.open(seat(CENTER), [message])
    return {str(c) for c in opening.salts}, {str(reason) for _, reason in opening.withheld}


async def visit(office: Office, child: UUID) -> UUID:
    """A visit of the other center, with what it noted of health and wishes."""
    message = saying(f"{CHILD}.interview", child)
    await send(office, OTHER_CENTER, message)
    return message.id


async def say(office: Office, event: str, parent: UUID, **body: Any) -> None:
    """Send a message of the probation office in the parent."""
    await send(office, PROBATION, saying(f"{PARENT}.{event}", parent, body))


async def asked_back(office: Office, child: UUID) -> set[UUID]:
    """The messages of the child that the center is asked to return or destroy."""
    requests = await office.return_requests.sent_to(CENTER, None, 100_000)
    return {m for r in requests if r.referral_id == child for m in r.message_ids or ()}


async def is_tombstone(office: Office, message: UUID) -> bool:
    query = "SELECT withdrawn FROM inbox_item WHERE agency_id = $1 AND message_id = $2"
    return bool((await office.row(query, CENTER, message))["withdrawn"])


async def test_a_withdrawal_above_takes_what_the_other_center_wrote(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    read, unread = await visit(office, child), await visit(office, child)
    classes, _ = await opened(office, read)
    assert {"C3", "C7"} <= classes
    await say(office, "withdraw_consent", parent)
    assert await opened(office, read) == ({"C0"}, {"consent_withdrawn"})
    assert await asked_back(office, child) == {read}
    assert await is_tombstone(office, unread)
    during = await claim_of_other(office, child)
    assert await opened(office, during) == ({"C0"}, {"no_consent"})
    await say(office, "renew_consent", parent, recipients=["settlement_center"])
    assert await opened(office, read) == (classes, set())
    assert not await is_tombstone(office, unread)
    assert (await opened(office, during))[1] == set()


async def claim_of_other(office: Office, child: UUID) -> UUID:
    """What the other center sends meanwhile: how the person consented before it."""
    message = saying(f"{CHILD}.record_consent", child, {"consent_id": str(uuid4())})
    await send(office, OTHER_CENTER, message)
    return message.id


@pytest.mark.parametrize("recipients", [[CENTER], [CENTER, OTHER_CENTER]], ids=str)
async def test_a_narrower_consent_gives_no_more_of_what_is_written_below(
    office: Office, recipients: list[str]
) -> None:
    parent, child = await hand_over(office, *TAKEN)
    await say(office, "withdraw_consent", parent)
    narrow = {"consent_id": str(uuid4()), "recipients": recipients, "item_classes": ["C1"]}
    await say(office, "renew_consent", parent, **narrow)
    wide = {"consent_id": str(uuid4()), "recipients": [OTHER_CENTER], "purpose": "regional"}
    await say(office, "record_consent", parent, **wide)
    written = await visit(office, child)
    assert await opened(office, written) == ({"C0"}, {"no_consent"})
    more = {"consent_id": str(uuid4()), "recipients": [CENTER]}
    await say(office, "record_consent", parent, **more)
    classes, withheld = await opened(office, written)
    assert {"C3", "C7"} <= classes
    assert withheld == set()


async def test_whoever_writes_to_a_center_is_told_nothing_of_its_consents(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    case = (await office.row("SELECT case_id FROM referral WHERE id = $1", parent))["case_id"]

    async def known() -> list[str]:
        listed = await office.consents.of_case(OTHER_CENTER, case, None, 100)
        return sorted(str(each.consent.record.id) for each in listed)

    before = await known()
    assert before == [CONSENT_REGIONAL_ID]
    own = {"consent_id": str(uuid4()), "recipients": [CENTER], "item_classes": ["C1", "C7"]}
    await say(office, "record_consent", parent, **own)
    first = await visit(office, child)
    correction = saying(f"{CHILD}.interview", child, corrects=first)
    await send(office, OTHER_CENTER, correction)
    assert await known() == before
