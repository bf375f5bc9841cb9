"""What one agency does in a day has an end, and stops nobody else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from app.adapters.database.pool import open_pool
from app.adapters.inbox.bell import Bell
from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Reading
from app.domain.access.day_limits import DayLimits
from app.domain.calendar.clock import CLOCK_TOLERANCE
from app.domain.errors import NotYourStep, TooManyToday
from app.domain.messages.message import Message, PaperOrigin
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, TO_ASSESSING, special

MIDNIGHT = 14 * 3600 + 1
"""Seconds until the day is over for a clock at `START`."""


@pytest.fixture
async def fresh(office: Office) -> AsyncIterator[Office]:
    """The office, with nothing counted, and its clock at the start."""
    await office.owner.execute("DELETE FROM day_count")
    yield office
    office.clock.now = START


@asynccontextmanager
async def held_to(office: Office, limits: DayLimits) -> AsyncIterator[asyncpg.Pool]:
    """A pool of a process with these limits."""
    async with await open_pool(office.urls.api, 8, "tests", limits=limits.by_name()) as pool:
        yield pool


def exchange_on(pool: asyncpg.Pool, office: Office) -> Exchange:
    bell = Bell(pool, office.urls.api)
    return Exchange(pool, office.writer, lambda: office.directory, office.clock, bell)


def reading_on(pool: asyncpg.Pool, office: Office) -> Reading:
    return Reading(pool, office.writer.vault, office.clock)


async def messages_of(office: Office, referral: UUID, *agencies: str) -> list[UUID]:
    """The messages of a referral that each of these agencies may read, in their order."""
    rows = await office.owner.fetch(
        "SELECT message_id FROM copy WHERE referral_id = $1 AND agency_id = ANY ($2)"
        " GROUP BY 1 HAVING count(*) = cardinality($2) ORDER BY min(number)",
        referral,
        list(agencies),
    )
    return [row["message_id"] for row in rows]


async def outcomes(calls: list[Awaitable[object]]) -> list[TooManyToday]:
    """The refusals among the outcomes of these calls, made at the same time."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TooManyToday)]
    others = [a for a in answers if isinstance(a, Exception) and a not in refused]
    assert not others
    return refused


async def test_openings_of_an_agency_end_for_the_day_whichever_client_and_seat(
    fresh: Office,
) -> None:
    (message,) = (await messages_of(fresh, await special(fresh), PROBATION, PRISON))[:1]
    async with held_to(fresh, DayLimits(openings=6)) as pool:
        readings = [reading_on(pool, fresh), reading_on(pool, fresh)]
        callers = [
            replace(seat(PROBATION, role), client_id=f"system-{n}")
            for n in range(8)
            for role in ("decider", "case_worker")
        ]
        await readings[0].open(callers[0], [message])  # for the first time
        refused = await outcomes(
            [readings[n % 2].open(each, [message]) for n, each in enumerate(callers)]
        )
        assert len(refused) == len(callers) - 6
        assert refused[0].facts == {"of": "openings", "limit": 6, "retry_after": MIDNIGHT}
        entries = "SELECT count(*) FROM log_entry WHERE kind = 'disclosure' AND message_id = $1"
        assert (await fresh.row(entries, message))["count"] == 7  # what is refused opens nothing
        await readings[0].open(seat(PRISON), [message])
        fresh.clock.now += timedelta(seconds=MIDNIGHT)
        await readings[0].open(callers[0], [message])


async def test_what_arrived_is_opened_for_the_first_time_in_any_case(fresh: Office) -> None:
    first, second = [(await messages_of(fresh, await special(fresh), PROBATION))[0] for _ in "ab"]
    async with held_to(fresh, DayLimits(openings=1)) as pool:
        reading = reading_on(pool, fresh)
        for _ in range(2):
            await reading.open(seat(PROBATION), [first])
        with pytest.raises(TooManyToday):
            await reading.open(seat(PROBATION, "case_worker"), [first])
        assert await reading.open(seat(PROBATION, "case_worker"), [second])
        with pytest.raises(TooManyToday):  # two again, of which one is too many
            await reading.open(seat(PROBATION), [first, second])


async def test_messages_opened_together_count_one_by_one(fresh: Office) -> None:
    messages = (await messages_of(fresh, await special(fresh), PROBATION))[:3]
    async with held_to(fresh, DayLimits(openings=5)) as pool:
        reading = reading_on(pool, fresh)
        await reading.open(seat(PROBATION), messages)
        sent = "SELECT count(*) FROM message WHERE from_agency = $1 AND id = ANY ($2)"
        own = (await fresh.row(sent, PROBATION, messages))["count"]
        assert (await used(fresh, PROBATION, "openings")) == own
        await reading.open(seat(PROBATION), messages)
        assert (await used(fresh, PROBATION, "openings")) == own + 3
        with pytest.raises(TooManyToday):
            await reading.open(seat(PROBATION), messages)
        assert (await used(fresh, PROBATION, "openings")) == own + 3


async def used(office: Office, agency: str, kind: str, other: str = "") -> int:
    query = "SELECT sum(used) AS n FROM day_count WHERE (agency_id, kind, other) = ($1, $2, $3)"
    return int((await office.row(query, agency, kind, other))["n"] or 0)


async def test_refused_and_rehearsed_messages_of_an_agency_end_for_the_day(fresh: Office) -> None:
    referral = await special(fresh)
    wrong = saying("special_adjustment.select_special", referral)
    async with held_to(fresh, DayLimits(refusals=3)) as pool:
        exchange = exchange_on(pool, fresh)
        with pytest.raises(NotYourStep):
            await exchange.accept(wrong, seat(CENTER))
        with pytest.raises(NotYourStep):
            await exchange.rehearse(wrong, seat(CENTER))
        interview = saying("special_adjustment.interview", referral)
        await exchange.rehearse(interview, seat(CENTER))
        for call in (exchange.accept, exchange.rehearse):
            with pytest.raises(TooManyToday) as refused:
                await call(wrong, seat(CENTER, "case_worker"))
            assert refused.value.facts["of"] == "refusals"
        await exchange.accept(interview, seat(CENTER))  # what is right is taken
        with pytest.raises(NotYourStep):
            await exchange.accept(wrong, seat(PRISON))


@pytest.mark.parametrize(("kind", "of"), [("export", "exports"), ("hold", "changes")])
async def test_what_else_an_agency_has_written_to_the_log_ends_for_the_day(
    fresh: Office, kind: str, of: str
) -> None:
    async with held_to(fresh, DayLimits(exports=4, changes=4)) as pool:

        def write(agency: str) -> Awaitable[object]:
            entry = log_entry(fresh.clock(), kind, {}, seat(agency))
            return pool.execute(WRITE_OWN_LOG, agency, fresh.clock(), entries_json([entry]))

        refused = await outcomes([write(CENTER) for _ in range(16)])
        assert [each.facts["of"] for each in refused] == [of] * 12
        await write(PRISON)


async def test_a_kind_of_entry_that_is_added_later_is_limited_too(fresh: Office) -> None:
    row = await fresh.row("SELECT counted_as('something_new') AS of")
    assert row["of"] == "changes"


async def test_an_agency_opens_no_more_referrals_on_a_day_than_it_may(fresh: Office) -> None:
    async with held_to(fresh, DayLimits(referrals=5)) as pool:
        exchange = exchange_on(pool, fresh)
        openings = [saying("special_adjustment.notify_candidate") for _ in range(12)]
        refused = await outcomes([exchange.accept(each, seat(PRISON)) for each in openings])
        assert len(refused) == 7
        assert refused[0].facts == {"of": "referrals", "limit": 5, "retry_after": MIDNIGHT}
        stored = await fresh.row(
            "SELECT count(*) FROM referral WHERE id = ANY ($1)", [m.id for m in openings]
        )
        assert stored["count"] == 5
        refusals = "SELECT count(*) FROM log_entry WHERE detail ->> 'code' = 'too_many_today'"
        assert not (await fresh.row(refusals))["count"]  # or a limit would fill the log
        await exchange.accept(saying("special_adjustment.notify_candidate"), seat("prison-kobe"))
        fresh.clock.now += timedelta(seconds=MIDNIGHT)
        await exchange.accept(saying("special_adjustment.notify_candidate"), seat(PRISON))


async def test_a_repeat_of_an_opening_counts_once(fresh: Office) -> None:
    async with held_to(fresh, DayLimits(referrals=1)) as pool:
        exchange = exchange_on(pool, fresh)
        opening = saying("special_adjustment.notify_candidate")
        first = await exchange.accept(opening, seat(PRISON))
        again = await exchange.accept(opening, seat(PRISON))
        assert (again.answer, again.repeated) == (first.answer, True)


async def test_one_agency_fills_no_inbox_of_another(fresh: Office) -> None:
    async with held_to(fresh, DayLimits(referrals_to_one=3)) as pool:
        exchange = exchange_on(pool, fresh)

        def openings(probation: str, count: int) -> list[Awaitable[object]]:
            return [
                exchange.accept(
                    saying(
                        "special_adjustment.notify_candidate", to={"probation_office": probation}
                    ),
                    seat(PRISON),
                )
                for _ in range(count)
            ]

        refused = await outcomes(openings(PROBATION, 9))
        assert len(refused) == 6
        assert refused[0].facts["of"] == "referrals_to_one"
        assert not await outcomes(openings("probation-27", 3))
        assert (await used(fresh, PRISON, "referrals_to_one", PROBATION)) == 3


def paper() -> Message:
    """A referral that a prison without access opens."""
    return saying(
        "special_adjustment.notify_candidate",
        to={"institution": "prison-yokohama"},
        paper_origin=PaperOrigin(date(2026, 11, 20), "paper", "5" * 64),
    )


async def test_many_referrals_do_not_let_an_agency_send_more_in_a_day_but_what_is_vital(
    fresh: Office,
) -> None:
    referrals = [await special(fresh, TO_ASSESSING) for _ in range(4)]
    before = await used(fresh, CENTER, "sent")
    most = before + 5
    async with held_to(fresh, DayLimits(sent=most)) as pool:
        exchange = exchange_on(pool, fresh)

        def interviews(referral: UUID, count: int) -> list[Awaitable[object]]:
            message = "special_adjustment.interview"
            return [exchange.accept(saying(message, referral), seat(CENTER)) for _ in range(count)]

        refused = await outcomes([call for each in referrals for call in interviews(each, 2)])
        assert len(refused) == 3
        assert refused[0].facts == {"of": "sent", "limit": most, "retry_after": MIDNIGHT}
        for referral in referrals:
            withdrawal = saying("special_adjustment.withdraw_consent", referral)
            await exchange.accept(withdrawal, seat(CENTER))
        assert (await used(fresh, CENTER, "sent")) == before + 9
        moved = saying("special_adjustment.change_custody", referrals[0])
        await exchange.accept(moved, seat(PROBATION))


async def test_paper_counts_for_the_agency_that_keys_it_in(fresh: Office) -> None:
    async with held_to(fresh, DayLimits(referrals=2)) as pool:
        exchange = exchange_on(pool, fresh)
        for _ in range(2):
            await exchange.accept(paper(), seat("probation-14"))
        with pytest.raises(TooManyToday):
            await exchange.accept(paper(), seat("probation-14"))
        assert (await used(fresh, "probation-14", "referrals")) == 2
        assert not await used(fresh, "prison-yokohama", "referrals")


async def test_around_midnight_two_clocks_do_not_begin_the_day_again_and_again(
    fresh: Office,
) -> None:
    async with held_to(fresh, DayLimits(exports=2)) as pool:

        async def write() -> None:
            entry = log_entry(fresh.clock(), "export", {}, seat(CENTER))
            await pool.execute(WRITE_OWN_LOG, CENTER, fresh.clock(), entries_json([entry]))

        before, after = START + timedelta(hours=14) - CLOCK_TOLERANCE, START + timedelta(hours=14)
        for fresh.clock.now in (before, after, before):
            await write()
        for fresh.clock.now in (before, after):
            with pytest.raises(TooManyToday):
                await write()
