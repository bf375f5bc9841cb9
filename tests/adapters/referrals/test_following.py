"""Whoever follows the changes of its referrals misses none, and sees no traffic of others."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.adapters.inbox.bell import Bell
from app.adapters.referrals.exchange import Exchange
from app.domain.deliveries.recall import RecallReason
from app.domain.messages.message import Message
from tests.support.callers import START, seat
from tests.support.office import Clock, Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, special

WAITING = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


class Follower:
    """Follows the changes of an agency's referrals, a few at a time."""

    def __init__(self, office: Office, agency_id: str, after: int = 0) -> None:
        self._office = office
        self._agency_id = agency_id
        self.after = after
        self.seen: dict[UUID, dict[str, Any]] = {}

    async def read(self, limit: int = 3) -> list[UUID]:
        """What changed since the last call."""
        changed: list[UUID] = []
        while True:
            page = await self._office.reading.changed_referrals(
                self._agency_id, None, None, self.after, limit
            )
            assert page is not None
            self.after = page["changes"]
            for each in page["referrals"]:
                changed.append(UUID(each["id"]))
                self.seen[changed[-1]] = dict(each)
            if len(page["referrals"]) < limit:
                return changed


async def newest(office: Office, agency_id: str) -> Follower:
    """A follower who knows everything until now."""
    page = await office.reading.referrals(agency_id, None, None, None, None, 1)
    return Follower(office, agency_id, page["changes"])


def with_clock(office: Office, clock: Clock) -> Exchange:
    """The exchange of a process with this clock."""
    bell = Bell(office.pool, office.urls.api)
    return Exchange(office.pool, office.writer, lambda: office.directory, clock, bell)


def notice() -> Message:
    """A message that opens a referral to the probation office."""
    return saying("special_adjustment.notify_candidate", to={"probation_office": PROBATION})


async def test_a_change_that_is_committed_after_later_ones_is_not_missed(office: Office) -> None:
    follower = await newest(office, PROBATION)
    late, early = notice(), notice()
    async with office.owner.acquire() as other, other.transaction():
        # The sender's own mailbox comes first, so the writer waits before it takes any number.
        await other.execute("SELECT FROM mailbox WHERE agency_id = $1 FOR UPDATE", PRISON)
        writing = asyncio.create_task(office.exchange.accept(late, seat(PRISON)))
        async with asyncio.timeout(10):
            while not await office.owner.fetchval(WAITING):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.01)
        ahead = Clock()
        ahead.now = START + timedelta(seconds=1)
        await with_clock(office, ahead).accept(early, seat("prison-osaka"))
        assert await follower.read() == [early.id]
    await writing
    assert await follower.read() == [late.id]
    times = [follower.seen[m.id]["updated_at"] for m in (late, early)]
    assert times == sorted(times)  # a follower by time had read past it


async def test_changes_of_one_millisecond_are_all_seen_page_by_page(office: Office) -> None:
    follower = await newest(office, PROBATION)
    messages = [notice() for _ in range(4)]
    for message in messages:
        await office.exchange.accept(message, seat(PRISON))
    assert await follower.read(limit=1) == [m.id for m in messages]
    assert await follower.read() == []


async def test_what_changes_while_a_list_is_paged_is_seen_by_whoever_follows_from_its_first_page(
    office: Office,
) -> None:
    for _ in range(3):
        await office.exchange.accept(notice(), seat(PRISON))
    first = await office.reading.referrals(PROBATION, None, None, None, None, 2)
    last = UUID(
        (await office.reading.referrals(PROBATION, None, None, None, None, 3))["referrals"][2]["id"]
    )
    start = saying("special_adjustment.start_selection", last)
    await office.exchange.accept(start, seat(PROBATION))
    assert await Follower(office, PROBATION, first["changes"]).read() == [last]


async def test_a_sender_follows_its_own_messages_too(office: Office) -> None:
    referral = await special(office, ())
    follower = await newest(office, PROBATION)
    start = saying("special_adjustment.start_selection", referral)
    await office.exchange.accept(start, seat(PROBATION))
    assert await follower.read() == [referral]


async def test_what_is_recalled_is_a_change_for_its_recipient(office: Office) -> None:
    opening = notice()
    await office.exchange.accept(opening, seat(PRISON))
    start = saying("special_adjustment.start_selection", opening.id)
    await office.exchange.accept(start, seat(PROBATION))
    follower = await newest(office, PRISON)
    await office.recalls.recall(
        seat(PROBATION), opening.id, start.id, RecallReason.WRONG_CONTENT, None
    )
    assert await follower.read() == [opening.id]


async def test_messages_between_others_move_no_number(office: Office) -> None:
    referral = await special(office)
    prison = await office.row("SELECT changes, head FROM mailbox WHERE agency_id = $1", PRISON)
    follower = await newest(office, PRISON)
    await office.exchange.accept(saying("special_adjustment.interview", referral), seat(CENTER))
    assert await follower.read() == []
    after = await office.row("SELECT changes, head FROM mailbox WHERE agency_id = $1", PRISON)
    assert after == prison


async def test_a_follower_of_many_writers_ends_with_what_is_there(office: Office) -> None:
    follower = await newest(office, PROBATION)
    clocks = [Clock() for _ in range(3)]
    exchanges = [with_clock(office, clock) for clock in clocks]
    referrals: list[UUID] = []

    async def write(index: int) -> None:
        clocks[index % 3].now = START + timedelta(milliseconds=random.randrange(2000))
        opening = notice()
        await exchanges[index % 3].accept(opening, seat(PRISON))
        referrals.append(opening.id)
        start = saying("special_adjustment.start_selection", opening.id)
        await exchanges[(index + 1) % 3].accept(start, seat(PROBATION))

    writing = asyncio.gather(*(write(i) for i in range(24)))
    while not writing.done():
        await follower.read()
    await writing
    await follower.read()
    assert {follower.seen[r]["version"] for r in referrals} == {2}
    assert follower.seen.keys() == set(referrals)
