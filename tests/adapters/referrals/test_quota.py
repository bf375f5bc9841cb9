"""How much one party may send in a referral, and that it stops nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.adapters.inbox.bell import Bell
from app.adapters.referrals.exchange import Exchange
from app.domain.cases.quota import Quota
from app.domain.decisions import decide
from app.domain.errors import ReferralFull, TooManyToday
from app.domain.messages.message import Message
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PROBATION,
    TO_ASSESSING,
    hand_over,
    special,
)


def exchange_with(office: Office, quota: Quota) -> Exchange:
    """The exchange with these limits."""
    bell = Bell(office.pool, office.urls.api)
    return Exchange(office.pool, office.writer, lambda: office.directory, office.clock, bell, quota)


async def interview(exchange: Exchange, referral: UUID) -> None:
    message = saying("special_adjustment.interview", referral)
    await exchange.accept(message, seat(CENTER))


async def test_a_party_that_has_sent_its_share_is_refused_and_nobody_else(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)  # the center has sent two
    exchange = exchange_with(office, Quota(altogether=5))
    for _ in range(3):
        await interview(exchange, referral)
    with pytest.raises(ReferralFull) as refused:
        await interview(exchange, referral)
    assert refused.value.facts == {"limit_messages": 5}
    custody = saying("special_adjustment.change_custody", referral)
    await exchange.accept(custody, seat(PROBATION))
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    await exchange.accept(withdrawal, seat(CENTER))


async def test_no_agency_opens_more_than_so_many_referrals_below_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "MOST_CHILDREN", 3)
    parent, first = await hand_over(office)
    closing = saying("regional_coordination.withdraw", first)
    await office.exchange.accept(closing, seat(CENTER))

    def request() -> Message:
        to = {"destination_center": OTHER_CENTER}
        return saying("regional_coordination.request", parent=parent, to=to)

    for _ in range(2):
        opening = request()
        await office.exchange.accept(opening, seat(CENTER))
        closing = saying("regional_coordination.withdraw", opening.id)
        await office.exchange.accept(closing, seat(CENTER))
    for attempt in (office.exchange.accept, office.exchange.rehearse):
        with pytest.raises(ReferralFull) as refused:
            await attempt(request(), seat(CENTER))
        assert refused.value.facts == {"limit_messages": 3}
    repeated = await office.exchange.accept(opening, seat(CENTER))
    assert repeated.repeated
    await interview(office.exchange, parent)
    other, _ = await hand_over(office)
    assert other != parent


async def test_what_one_agency_opened_below_takes_nothing_from_whoever_leads_after_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "MOST_CHILDREN", 1)
    steps = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"), (CENTER, "offer_transfer"))
    parent, _ = await hand_over(
        office, *steps, (OTHER_CENTER, "accept_transfer"), (OTHER_CENTER, "complete")
    )

    async def request_center(center: str) -> None:
        to = {"destination_center": center}
        opening = saying("regional_coordination.request", parent=parent, to=to)
        await office.exchange.accept(opening, seat(OTHER_CENTER))
        closing = saying("regional_coordination.withdraw", opening.id)
        await office.exchange.accept(closing, seat(OTHER_CENTER))

    await request_center("center-14")
    with pytest.raises(ReferralFull):
        await request_center("center-14")


async def test_the_share_of_a_day_comes_again_with_the_next(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)
    exchange = exchange_with(office, Quota(in_a_day=4))
    for _ in range(2):
        await interview(exchange, referral)
    with pytest.raises(TooManyToday) as refused:
        await interview(exchange, referral)
    assert refused.value.facts == {
        "of": "messages",
        "limit": 4,
        "limit_messages": 4,
        "retry_after": 14 * 3600 + 1,
    }
    office.clock.now += timedelta(seconds=refused.value.facts["retry_after"])
    await interview(exchange, referral)
    office.clock.now = START


async def test_a_repeat_beyond_the_limit_gets_its_first_answer(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)
    exchange = exchange_with(office, Quota(altogether=3))
    last = saying("special_adjustment.interview", referral)
    first = await exchange.accept(last, seat(CENTER))
    again = await exchange.accept(last, seat(CENTER))
    assert (again.answer, again.repeated) == (first.answer, True)
