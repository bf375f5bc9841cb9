"""What a withdrawal and a renewal cost where others have sent as much as they could."""

from uuid import UUID

from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, special

COPIES = 200
A_FEW = 40
"""Rows for each copy, far less than there are copies: the work does not grow with their square."""

ADD_COPIES = """
    WITH model AS (
        SELECT m FROM message m WHERE id = $1
    ), added AS (
        INSERT INTO message
        SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()))).*
        FROM model, generate_series(1, $2) RETURNING id
    ), numbered AS (
        SELECT id, row_number() OVER () AS n FROM added
    ), sealed AS (
        INSERT INTO segment (message_id, class, sealed)
        SELECT a.id, s.class, s.sealed FROM added a, segment s WHERE s.message_id = $1
    ), copied AS (
        INSERT INTO copy
        SELECT (jsonb_populate_record(c, jsonb_build_object('message_id', a.id,
            'number', q.number + a.n))).*
        FROM numbered a, copy c JOIN party q USING (agency_id, referral_id)
        WHERE c.message_id = $1 AND c.agency_id = $3
    ), received AS (
        INSERT INTO inbox_item
        SELECT (jsonb_populate_record(i, jsonb_build_object('message_id', a.id,
            'position', b.head + a.n))).*
        FROM numbered a, inbox_item i JOIN mailbox b USING (agency_id)
        WHERE i.message_id = $1 AND i.agency_id = $3
    ), grown AS (
        UPDATE mailbox SET head = head + $2 WHERE agency_id = $3
    )
    UPDATE party SET number = number + $2,
        view = jsonb_set(view, '{number}', to_jsonb(number + $2)) WHERE agency_id = $3
        AND referral_id = (SELECT referral_id FROM message WHERE id = $1)
"""
ROWS_READ = """
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
    FROM pg_stat_xact_user_tables
"""
TAKE_BACK = """
    SELECT take_back(now(), r.case_id, q, ARRAY['C1', 'C2', 'C3', 'C4'], '{}')
    FROM referral r JOIN party q ON q.referral_id = r.id
    WHERE r.id = $1 AND q.agency_id = 'center-13'
"""
RETURN_COPIES = """
    SELECT return_copies(now(), '{"items": []}', jsonb_build_object(
        'referrals', jsonb_build_array($1::uuid), 'today', '2026-04-01'), '[]')
"""
WITHDRAWN = "SELECT count(*) FROM inbox_item WHERE referral_id = $1 AND withdrawn"


async def case_with_copies(office: Office) -> UUID:
    """A case in which the center has as many copies that it has not opened."""
    referral = await special(office)
    message = saying("special_adjustment.change_custody", referral)
    await office.exchange.accept(message, seat(PRISON))
    await office.owner.execute(ADD_COPIES, message.id, COPIES, CENTER)
    await office.owner.execute("ANALYZE")
    return referral


async def rows_read(office: Office, statement: str, referral: UUID) -> int:
    """How many rows a statement reads, in a transaction that is taken back."""
    async with office.owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            before: int = await connection.fetchval(ROWS_READ)
            await connection.execute(statement, referral)
            after: int = await connection.fetchval(ROWS_READ)
        finally:
            await transaction.rollback()
    return after - before


async def withdraw(office: Office, referral: UUID) -> None:
    withdrawal = saying("special_adjustment.withdraw_consent", referral)
    await office.exchange.accept(withdrawal, seat(PROBATION))


async def test_a_withdrawal_reads_a_few_rows_for_each_copy(office: Office) -> None:
    referral = await case_with_copies(office)
    assert await rows_read(office, TAKE_BACK, referral) < A_FEW * COPIES


async def test_a_renewal_reads_a_few_rows_for_each_copy(office: Office) -> None:
    referral = await case_with_copies(office)
    await withdraw(office, referral)
    assert await office.owner.fetchval(WITHDRAWN, referral) > COPIES
    for statement in (
        "UPDATE referral SET state = 'accepted', back = '{}' WHERE id = $1",
        "UPDATE consent SET withdrawn_on = NULL WHERE referral_id = $1",
    ):
        await office.owner.execute(statement, referral)
    assert await rows_read(office, RETURN_COPIES, referral) < A_FEW * COPIES
    await office.owner.execute(RETURN_COPIES, referral)
    assert await office.owner.fetchval(WITHDRAWN, referral) == 0


async def test_the_inbox_counts_what_a_renewal_gives_again_as_waiting(office: Office) -> None:
    referral = await case_with_copies(office)
    waiting = (await office.inboxes.status(CENTER))["counts"]["waiting"]
    await withdraw(office, referral)
    renewal = saying("special_adjustment.renew_consent", referral, {"consent_id": str(UUID(int=7))})
    await office.exchange.accept(renewal, seat(PROBATION))
    again = (await office.inboxes.status(CENTER))["counts"]["waiting"]
    # The withdrawal and the renewal are messages themselves.
    assert again == waiting + 2
