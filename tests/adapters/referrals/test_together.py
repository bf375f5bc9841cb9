"""Messages of several agencies are written in one transaction, and none of them harms another."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.database.pool import open_pool
from app.adapters.inbox.bell import Bell
from app.adapters.referrals.exchange import Accepted, Exchange
from app.domain.access.day_limits import DayLimits
from app.domain.errors import IdReused, NotYourStep, TooManyToday
from app.domain.messages.message import Message
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import PRISON, PROBATION, special

NOTICE = "special_adjustment.notify_candidate"
PRISONS = ("prison-fuchu", "prison-osaka", "prison-asahikawa", "prison-fukuoka", "prison-miyagi")


async def accept_all(
    exchange: Exchange, *sent: tuple[str, Message]
) -> list[Accepted | BaseException]:
    """The answer to each message, or why it was refused, all sent at the same time."""
    return await asyncio.gather(
        *(exchange.accept(message, seat(agency)) for agency, message in sent),
        return_exceptions=True,
    )


async def transactions(office: Office, *messages: Message) -> set[int]:
    """The transactions by which these messages were written."""
    rows = await office.owner.fetch(
        "SELECT DISTINCT xmin::text::bigint AS x FROM message WHERE id = ANY ($1)",
        [message.id for message in messages],
    )
    return {row["x"] for row in rows}


def notices(count: int) -> list[tuple[str, Message]]:
    """Openings by different prisons."""
    return [(prison, saying(NOTICE)) for prison in PRISONS[:count]]


async def test_what_is_sent_at_the_same_time_shares_transactions(
    office: Office,
) -> None:
    sent = notices(5)
    answers = await accept_all(office.exchange, *sent)
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len(await transactions(office, *(m for _, m in sent))) < len(sent)


async def test_each_gets_its_own_answer_and_the_others_do_not_feel_a_refusal(
    office: Office,
) -> None:
    theirs = saying(NOTICE)
    await office.exchange.accept(theirs, seat(PRISONS[0]))
    sent = [
        *notices(3),
        (PRISONS[3], saying(NOTICE, id=theirs.id)),
        (PROBATION, saying(NOTICE)),
        (PRISONS[0], theirs),
    ]
    answers = await accept_all(office.exchange, *sent)
    assert [type(answer) for answer in answers[3:5]] == [IdReused, NotYourStep]
    for (_, message), answer in zip(sent[:3], answers[:3], strict=True):
        assert isinstance(answer, Accepted)
        assert (answer.answer.message_id, answer.repeated) == (message.id, False)
    assert isinstance(answers[5], Accepted)
    assert answers[5].repeated


async def test_a_case_that_is_held_keeps_no_other_waiting(
    office: Office,
) -> None:
    held, free = await special(office, ()), await special(office, ())
    async with office.owner.acquire() as connection, connection.transaction():
        await connection.execute(
            'SELECT FROM "case" c JOIN referral r ON r.case_id = c.id WHERE r.id = $1'
            " FOR UPDATE OF c",
            held,
        )
        start = asyncio.ensure_future(
            office.exchange.accept(
                saying("special_adjustment.start_selection", held), seat(PROBATION)
            )
        )
        for _ in range(3):
            others = notices(4)
            answers = await accept_all(office.exchange, *others)
            assert all(isinstance(answer, Accepted) for answer in answers)
        begun = saying("special_adjustment.start_selection", free)
        assert isinstance(await office.exchange.accept(begun, seat(PROBATION)), Accepted)
        assert not start.done()
    assert isinstance(await start, Accepted)


async def test_an_agency_that_has_sent_enough_today_harms_nobody(office: Office) -> None:
    await office.owner.execute("DELETE FROM day_count")
    limits = replace(DayLimits(), referrals=1).by_name()
    async with await open_pool(office.urls.api, 4, "tests", limits=limits) as pool:
        exchange = Exchange(
            pool,
            office.writer,
            lambda: office.directory,
            office.clock,
            Bell(pool, office.urls.api),
        )
        too_many = [(PRISON, saying(NOTICE)) for _ in range(3)]
        others = [pair for pair in notices(5) if pair[0] != PRISON]
        answers = await accept_all(exchange, *too_many, *others)
    refused = [answer for answer in answers[:3] if isinstance(answer, TooManyToday)]
    assert len(refused) == 2
    assert all(isinstance(answer, Accepted) for answer in answers[3:])


async def test_one_id_for_two_referrals_at_once_harms_others_once_at_most(office: Office) -> None:
    shared = []
    for _ in range(2):
        referrals = [await special(office, ()) for _ in range(2)]
        start = saying("special_adjustment.start_selection", referrals[0])
        twins = [(PROBATION, replace(start, referral_id=each)) for each in referrals]
        others = notices(5)
        answers = await accept_all(office.exchange, *twins, *others)
        assert {type(answer) for answer in answers[:2]} == {Accepted, IdReused}
        assert all(isinstance(answer, Accepted) for answer in answers[2:])
        shared.append(len(await transactions(office, *(m for _, m in others))) < len(others))
    assert shared == [False, True]


async def test_positions_have_no_gap_and_follow_the_order_of_the_batch(
    office: Office,
) -> None:
    head = "SELECT head FROM mailbox WHERE agency_id = $1"
    before = await office.owner.fetchval(head, "probation-13")
    sent = [("prison-fuchu", saying(NOTICE)) for _ in range(20)]
    await accept_all(office.exchange, *sent)
    positions = await office.owner.fetch(
        "SELECT position, message_id FROM inbox_item WHERE agency_id = $1 AND position > $2"
        " ORDER BY position",
        "probation-13",
        before,
    )
    assert [row["position"] for row in positions] == list(range(before + 1, before + 21))
    assert {row["message_id"] for row in positions} == {message.id for _, message in sent}


async def test_a_batch_names_no_agency_beside_those_that_sent_it(office: Office) -> None:
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.agency', 'prison-fuchu', true)")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.fetchval(
                "SELECT load_cases($1, false)", asked("prison-fuchu", "prison-osaka")
            )
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.fetchval(
            "SELECT load_cases($1, false)", asked("prison-fuchu", "prison-osaka")
        )
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.fetchval("SELECT load_cases($1, false)", asked("prison-fuchu"))


def asked(*agencies: str) -> str:
    """What `load_cases` takes for an opening of each of these agencies."""
    each = '{{"agency_id": "{}", "id": "{}", "pointed": [], "named": []}}'
    ids: list[UUID] = [uuid4() for _ in agencies]
    return f"[{', '.join(each.format(*pair) for pair in zip(agencies, ids, strict=True))}]"
