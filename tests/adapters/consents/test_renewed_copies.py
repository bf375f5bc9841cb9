"""What a new consent gives of messages that were sent while there was none."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.messages.payloads.samples import CONSENT_ID
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, OTHER_CENTER, PRISON, PROBATION, hand_over, send, special

FLOW = "special_adjustment"
OLD, NEW, NEWEST = "2027-08-08", "2027-02-02", "2027-03-03"
TAKEN = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))


async def change(
    office: Office, agency: str, referral: UUID, day: str, flow: str = FLOW, **envelope: Any
) -> UUID:
    """Report another day of release."""
    body = {"release_on": day, "change": "release_date_moved"}
    message = saying(f"{flow}.change_custody", referral, body, **envelope)
    await send(office, agency, message)
    return message.id


async def say(office: Office, event: str, referral: UUID, **body: Any) -> None:
    """Send a message of the probation office."""
    await send(office, PROBATION, saying(f"{FLOW}.{event}", referral, body))


async def day_known(office: Office, agency: str, referral: UUID) -> str | None:
    """The day of release in an agency's view, which its deadlines say as well."""
    view = (await office.reading.referral(agency, referral)).reader.view
    day = view.facts.get("release_on")
    listed = await office.deadlines.page(agency, None, 1000)
    mine = [d for d in listed if (d["referral_id"], d["kind"]) == (str(referral), "release_on")]
    days = [str(d["due_on"]) for d in mine]
    assert days == ([day] if day else [])
    return str(day) if day else None


async def withheld(office: Office, agency: str, message: UUID) -> Mapping[str, str]:
    """The classes of a message that an agency may not open, with the reasons."""
    (opened,) = await office.reading.open(seat(agency), [message])
    return {str(c): reason for c, reason in opened.withheld}


async def suspended(office: Office) -> tuple[UUID, UUID]:
    """A case whose day of release was changed after consent was withdrawn, and that message."""
    referral = await special(office)
    await change(office, PROBATION, referral, OLD)
    assert await day_known(office, CENTER, referral) == OLD
    await say(office, "withdraw_consent", referral)
    return referral, await change(office, PRISON, referral, NEW)


@pytest.mark.parametrize("event", ["renew_consent", "retract_withdrawal", "confirm_consent"])
async def test_consent_gives_what_was_sent_while_it_was_suspended(
    office: Office, event: str
) -> None:
    referral, changed = await suspended(office)
    assert await day_known(office, CENTER, referral) is None
    assert await withheld(office, CENTER, changed) == {"C4": "no_consent"}
    if event == "confirm_consent":
        claim = {"consent_id": str(uuid4()), "recipients": [CENTER]}
        await send(office, CENTER, saying(f"{FLOW}.renew_consent", referral, claim))
        assert await day_known(office, CENTER, referral) is None
        await say(office, event, referral, consent_id=claim["consent_id"])
    else:
        ids = {"consent_ids": [CONSENT_ID]} if event == "retract_withdrawal" else {}
        await say(office, event, referral, **ids)
    assert await day_known(office, CENTER, referral) == NEW
    assert await withheld(office, CENTER, changed) == {}


async def test_a_consent_to_fewer_classes_brings_no_outdated_fact(office: Office) -> None:
    referral, changed = await suspended(office)
    await say(office, "renew_consent", referral, item_classes=["C1"])
    assert await day_known(office, CENTER, referral) is None
    assert await withheld(office, CENTER, changed) == {"C4": "no_consent"}
    corrected = await change(office, PRISON, referral, NEWEST, corrects=changed)
    assert await withheld(office, CENTER, corrected) == {"C4": "no_consent"}
    assert await day_known(office, PROBATION, referral) == NEWEST
    more = {"consent_id": str(uuid4()), "recipients": [CENTER], "item_classes": ["C1", "C4"]}
    await say(office, "record_consent", referral, **more)
    assert await day_known(office, CENTER, referral) == NEWEST
    assert await withheld(office, CENTER, changed) == {}
    assert await withheld(office, CENTER, corrected) == {}


async def test_a_correction_gives_by_the_consents_of_its_moment(office: Office) -> None:
    referral = await special(office)
    first = await change(office, PROBATION, referral, OLD)
    await say(office, "withdraw_consent", referral)
    during = await change(office, PROBATION, referral, NEW, corrects=first)
    assert await withheld(office, CENTER, during) == {"C4": "no_consent"}
    await say(office, "renew_consent", referral)
    assert await day_known(office, CENTER, referral) == NEW
    assert await withheld(office, CENTER, during) == {}
    after = await change(office, PROBATION, referral, NEWEST, corrects=during)
    assert await day_known(office, CENTER, referral) == NEWEST
    assert await withheld(office, CENTER, after) == {}


async def test_a_consent_after_an_expired_one_gives_what_was_sent_between(office: Office) -> None:
    referral = await special(office)
    await change(office, PROBATION, referral, OLD)
    await office.owner.execute(
        "UPDATE consent SET valid_until = valid_from WHERE referral_id = $1", referral
    )
    office.clock.now += timedelta(days=2)
    try:
        changed = await change(office, PRISON, referral, NEW)
        assert await withheld(office, CENTER, changed) == {"C4": "no_consent"}
        assert await day_known(office, CENTER, referral) is None
        again = {"consent_id": str(uuid4()), "recipients": [CENTER]}
        await say(office, "record_consent", referral, **again)
        assert await withheld(office, CENTER, changed) == {}
        assert await day_known(office, CENTER, referral) == NEW
    finally:
        office.clock.now -= timedelta(days=2)


async def test_a_consent_above_gives_what_was_sent_below(office: Office) -> None:
    parent, child = await hand_over(office, *TAKEN)
    regional = "regional_coordination"
    await change(office, CENTER, child, OLD, regional)
    await say(office, "withdraw_consent", parent)
    changed = await change(office, CENTER, child, NEW, regional)
    assert await withheld(office, OTHER_CENTER, changed) == {"C4": "no_consent"}
    renewed = {"recipients": [CENTER, OTHER_CENTER], "purpose": "regional"}
    await say(office, "renew_consent", parent, **renewed)
    assert await withheld(office, OTHER_CENTER, changed) == {}
    assert await day_known(office, OTHER_CENTER, child) == NEW


async def test_another_withdrawal_takes_again_what_the_new_consent_gave(office: Office) -> None:
    referral, changed = await suspended(office)
    await say(office, "renew_consent", referral)
    await say(office, "withdraw_consent", referral)
    assert await withheld(office, CENTER, changed) == {"C4": "consent_withdrawn"}
    assert await day_known(office, CENTER, referral) is None


async def test_a_recalled_copy_stays_as_it_is(office: Office) -> None:
    referral, changed = await suspended(office)
    await office.owner.execute("UPDATE copy SET recalled_at = now() WHERE message_id = $1", changed)
    await say(office, "renew_consent", referral)
    assert await office.owner.fetchval(
        "SELECT classes FROM copy WHERE message_id = $1 AND agency_id = $2", changed, CENTER
    ) == ["C0"]


async def test_a_consent_in_part_is_recorded_and_its_recipient_reads_that_part(
    office: Office,
) -> None:
    referral, _ = await suspended(office)
    await say(office, "renew_consent", referral, item_classes=["C1"])
    body = {"consent_id": str(uuid4()), "recipients": [CENTER], "item_classes": ["C4"]}
    recorded = saying(f"{FLOW}.record_consent", referral, body)
    await send(office, PROBATION, recorded)
    reasons = await withheld(office, CENTER, recorded.id)
    assert reasons
    assert set(reasons.values()) == {"no_consent"}
