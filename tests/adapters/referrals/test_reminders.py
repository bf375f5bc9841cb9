"""Reminders of deadlines: who may not know of one yet costs nothing, and misses nothing."""

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg

from app.adapters.referrals.deadlines import Deadlines
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PROBATION, special

LATER = timedelta(days=4000)
"""Every deadline has come by then."""
TELL = "SELECT tell_deadlines($1, $2, 500)"
WAITING = """
    SELECT count(*) FROM deadline WHERE referral_id = $1 AND agency_id = $2 AND told_at IS NULL
"""
TOLD = """
    SELECT count(*) FROM inbox_item WHERE referral_id = $1 AND agency_id = $2 AND kind = 'deadline'
"""
LOOKED_AT = """
    SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint
    FROM pg_stat_xact_user_tables WHERE relname IN ('deadline', 'party')
"""
WAITS_FOR_A_ROW = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


def due_day(office: Office) -> date:
    return office.clock().date() + LATER


async def remind(office: Office, on: date | None = None) -> None:
    """Put all reminders that are due into the inboxes, as the worker does."""
    ahead = (on or due_day(office)) - office.clock().date()
    deadlines = Deadlines(office.owner, lambda: office.clock() + ahead)
    while await deadlines.tell_due():
        pass


async def withdrawn(office: Office) -> UUID:
    """A case whose center may not know of its deadlines: consent was withdrawn."""
    referral = await special(office)
    await office.exchange.accept(
        saying("special_adjustment.withdraw_consent", referral), seat(PROBATION)
    )
    assert await office.owner.fetchval(WAITING, referral, CENTER) > 0
    return referral


async def renew(office: Office, referral: UUID) -> None:
    message = saying("special_adjustment.renew_consent", referral, {"consent_id": str(uuid4())})
    await office.exchange.accept(message, seat(PROBATION))


async def looked_at(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", office: Office, on: date
) -> int:
    """How many rows of deadlines and parties a round reads."""
    before: int = await connection.fetchval(LOOKED_AT)
    await connection.fetchval(TELL, office.clock(), on)
    after: int = await connection.fetchval(LOOKED_AT)
    return after - before


async def test_what_an_agency_may_not_know_is_looked_at_once_a_day(office: Office) -> None:
    referral = await withdrawn(office)
    today = due_day(office)
    await remind(office)
    assert await office.owner.fetchval(TOLD, referral, CENTER) == 0
    assert await office.owner.fetchval(WAITING, referral, CENTER) > 0
    async with office.owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await looked_at(connection, office, today) == 0
        assert await looked_at(connection, office, today + timedelta(days=1)) > 0
        assert await looked_at(connection, office, today + timedelta(days=1)) == 0
        await transaction.rollback()


async def test_a_reminder_comes_on_the_day_on_which_consent_is_renewed(office: Office) -> None:
    referral = await withdrawn(office)
    await remind(office)
    assert await office.owner.fetchval(TOLD, referral, CENTER) == 0
    await office.owner.execute("UPDATE deadline SET ask_on = 'infinity' WHERE ask_on IS NOT NULL")
    await renew(office, referral)
    await office.owner.execute(
        "UPDATE consent SET valid_until = NULL WHERE referral_id = $1", referral
    )
    await remind(office)
    assert await office.owner.fetchval(WAITING, referral, CENTER) == 0
    assert await office.owner.fetchval(TOLD, referral, CENTER) > 0


async def test_a_reminder_comes_on_the_day_from_which_consent_is_valid(office: Office) -> None:
    referral = await special(office)
    tomorrow = due_day(office) + timedelta(days=1)
    await office.owner.execute(
        "UPDATE consent SET valid_from = $2, valid_until = NULL WHERE referral_id = $1",
        referral,
        tomorrow,
    )
    await remind(office)
    waiting = await office.owner.fetchval(WAITING, referral, CENTER)
    assert waiting > 0
    told = await office.owner.fetchval(TOLD, referral, CENTER)
    await remind(office, tomorrow)
    assert await office.owner.fetchval(WAITING, referral, CENTER) == 0
    assert await office.owner.fetchval(TOLD, referral, CENTER) == told + waiting


async def test_a_consent_that_comes_while_reminders_are_looked_at_is_not_missed(
    office: Office,
) -> None:
    referral = await withdrawn(office)
    async with office.owner.acquire() as connection, asyncio.TaskGroup() as tasks:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetchval(TELL, office.clock(), due_day(office))
        renewing = tasks.create_task(renew(office, referral))
        async with asyncio.timeout(10):
            while not await office.owner.fetchval(WAITS_FOR_A_ROW):
                assert not renewing.done()
        await transaction.commit()
    unseen = "SELECT count(*) FROM deadline WHERE referral_id = $1 AND ask_on IS NOT NULL"
    assert await office.owner.fetchval(unseen, referral) == 0
