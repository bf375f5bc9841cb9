"""What an agency is told that it can send, when it reads a referral, rests on what it was told."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.api.referrals.views import referral, referral_tag
from app.domain.calendar.business_days import add_business_days
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ACCEPTED,
    hand_over,
    send,
    special,
)


async def listed(office: Office, agency: str, wanted: UUID) -> set[str]:
    """The events that an agency can send, as a referral lists them."""
    read = referral(await office.reading.referral(agency, wanted), "en")
    return {action["type"].partition(".")[2] for action in read["actions"]}


async def tag(office: Office, agency: str, wanted: UUID) -> str:
    """The entity tag of a referral as an agency reads it."""
    return referral_tag(await office.reading.referral(agency, wanted), "ja")


async def closed(office: Office) -> UUID:
    started = await special(office)
    await send(office, PROBATION, saying("special_adjustment.close", started))
    return started


async def erase(office: Office, wanted: UUID, data_class: str) -> None:
    """Write down that a class of a referral was erased."""
    await office.owner.execute(
        "INSERT INTO erasure (referral_id, class, erased_at, rule, complete_on)"
        " VALUES ($1, $2, $3, 'commanded', $4)",
        wanted,
        data_class,
        office.clock(),
        office.clock().date(),
    )
    await office.owner.execute(
        "UPDATE referral SET erased_classes = erased_classes || $2::text WHERE id = $1",
        wanted,
        data_class,
    )


async def test_reopen_leaves_the_list_when_its_days_are_over_and_the_tag_changes(
    office: Office,
) -> None:
    wanted = await closed(office)
    first = await tag(office, PROBATION, wanted)
    prisons = await tag(office, PRISON, wanted)
    last = add_business_days(office.clock().date(), 10)
    office.clock.now += last - office.clock().date()
    assert "reopen" in await listed(office, PROBATION, wanted)
    assert await tag(office, PROBATION, wanted) == first
    office.clock.now += timedelta(days=1)
    assert "reopen" not in await listed(office, PROBATION, wanted)
    late = await tag(office, PROBATION, wanted)
    assert late != first
    assert late.startswith(first.removesuffix('"'))
    assert await tag(office, PRISON, wanted) == prisons


async def test_an_erasure_takes_reopen_from_whoever_was_told_of_it_alone(office: Office) -> None:
    wanted = await closed(office)
    await erase(office, wanted, "C8")
    assert "reopen" in await listed(office, PROBATION, wanted)
    await erase(office, wanted, "C2")
    assert "reopen" not in await listed(office, PROBATION, wanted)
    assert "withdraw_consent" in await listed(office, PROBATION, wanted)


async def test_a_claim_below_is_listed_to_the_office_above_until_it_is_answered(
    office: Office,
) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    answers = {"confirm_consent", "refuse_consent"}
    assert not answers & await listed(office, PROBATION, parent)
    before = await tag(office, PROBATION, parent)
    consent = str(uuid4())
    own = {"consent_id": consent, "recipients": [OTHER_CENTER]}
    await send(office, OTHER_CENTER, saying("regional_coordination.record_consent", child, own))
    assert answers <= await listed(office, PROBATION, parent)
    assert await tag(office, PROBATION, parent) != before
    for agency in (CENTER, PRISON):
        assert not answers & await listed(office, agency, parent)
    # A withdrawal below is not told above: it changes nothing that the office reads.
    waiting = await tag(office, PROBATION, parent)
    await send(office, OTHER_CENTER, saying("regional_coordination.withdraw_consent", child))
    assert answers <= await listed(office, PROBATION, parent)
    assert await tag(office, PROBATION, parent) == waiting
    second = str(uuid4())
    renewed = {"consent_id": second, "recipients": [OTHER_CENTER]}
    await send(office, OTHER_CENTER, saying("regional_coordination.renew_consent", child, renewed))
    refusal = saying("special_adjustment.refuse_consent", parent, {"consent_id": second})
    await send(office, PROBATION, refusal)
    assert answers <= await listed(office, PROBATION, parent)  # the first, as far as it was told


@pytest.mark.parametrize("names", [[CENTER], [OTHER_CENTER]])
async def test_a_withdrawal_is_taken_back_where_one_is_known(
    office: Office, names: list[str]
) -> None:
    wanted = await special(office, TO_ACCEPTED)
    assert "retract_withdrawal" not in await listed(office, PROBATION, wanted)
    consent = {"consent_id": str(uuid4()), "recipients": names}
    await send(office, PROBATION, saying("special_adjustment.record_consent", wanted, consent))
    gone = {"consent_ids": [consent["consent_id"]]}
    await send(office, PROBATION, saying("special_adjustment.withdraw_consent", wanted, gone))
    assert "retract_withdrawal" in await listed(office, PROBATION, wanted)
