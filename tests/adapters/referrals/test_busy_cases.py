"""Whoever goes on writing to a case keeps nobody from reading there, and nobody opens too much."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from app.adapters.referrals.reading import TRIES, Opened, Reading
from app.domain.classes import DataClass
from app.domain.errors import Busy
from tests.adapters.referrals.test_reading import the
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, special


class Interrupted(Reading):
    """Reading during which something happens between what is read and its record."""

    happens: Callable[[], Awaitable[object]]
    times = 0

    async def _decrypt(self, copies: Sequence[Any]) -> list[Opened]:
        self.times += 1
        await self.happens()
        return await super()._decrypt(copies)


def interrupted(office: Office, happens: Callable[[], Awaitable[object]]) -> Interrupted:
    reading = Interrupted(office.reading._pool, office.reading._vault, office.reading._clock)
    reading.happens = happens
    return reading


async def send(office: Office, agency: str, event: str, referral: UUID) -> None:
    message = saying(f"special_adjustment.{event}", referral)
    await office.exchange.accept(message, seat(agency))


@pytest.mark.parametrize("reader", [CENTER, PROBATION])
async def test_what_changes_nothing_for_the_reader_does_not_delay_it(
    office: Office, reader: str
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    reading = interrupted(office, lambda: send(office, PRISON, "change_custody", referral))
    (opened,) = await reading.open(seat(reader), [request])
    assert reading.times == 1
    assert DataClass.C1 in opened.salts
    assert await office.owner.fetchval(
        "SELECT count(*) FROM log_entry WHERE kind = 'disclosure' AND message_id = $1", request
    )


async def test_what_is_withdrawn_while_it_is_read_is_not_opened(office: Office) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    events = iter(["withdraw_consent"])

    async def withdraw() -> None:
        for event in events:
            await send(office, PROBATION, event, referral)

    reading = interrupted(office, withdraw)
    (opened,) = await reading.open(seat(CENTER), [request])
    assert reading.times == 2
    assert set(dict(opened.withheld).values()) == {"consent_withdrawn"}
    assert set(opened.salts) == {DataClass.C0}


async def test_of_a_reader_whose_rights_change_at_every_try_nothing_is_opened(
    office: Office,
) -> None:
    referral = await special(office)
    request = await the(office, referral, "request_cooperation")
    classes = iter([["C0"], ["C0", "C1"], ["C0"]] * TRIES)

    async def narrow() -> None:
        await office.owner.execute(
            "UPDATE copy SET classes = $2 WHERE message_id = $1 AND agency_id = $3",
            request,
            next(classes),
            CENTER,
        )
        await send(office, PRISON, "change_custody", referral)

    reading = interrupted(office, narrow)
    with pytest.raises(Busy):
        await reading.open(seat(CENTER), [request])
    assert reading.times == TRIES
