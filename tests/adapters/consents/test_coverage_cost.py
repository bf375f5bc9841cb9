"""What consent covers is found by the referral's own consents, however many others there are."""

import pytest

from tests.support.callers import START
from tests.support.office import Office
from tests.support.play import CENTER, special

OTHERS = 3_000
READ = """
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables
    WHERE relname IN ('consent', 'referral')
"""
ADD_OTHERS = """
    WITH added AS (
        INSERT INTO referral SELECT (jsonb_populate_record(r, jsonb_build_object(
            'id', gen_random_uuid(), 'reference', r.reference || n))).*
        FROM referral r, generate_series(1, $2) AS n WHERE r.id = $1 RETURNING id
    )
    INSERT INTO consent SELECT (jsonb_populate_record(c, jsonb_build_object(
        'id', gen_random_uuid(), 'referral_id', a.id))).*
    FROM added a, consent c WHERE c.referral_id = $1
"""


@pytest.mark.parametrize(
    "call", ["covered($1, $2, $3)", "lost_classes($1, $2) FROM (SELECT $3::date) AS unused"]
)
async def test_consents_of_others_are_not_read(office: Office, call: str) -> None:
    referral = await special(office)
    async with office.owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(ADD_OTHERS, referral, OTHERS)
        await connection.execute("ANALYZE consent, referral")
        for _ in range(7):  # the plan is kept after the fifth
            before = await connection.fetchval(READ)
            await connection.fetchval(f"SELECT {call}", CENTER, referral, START.date())
            assert await connection.fetchval(READ) - before < 20
        await transaction.rollback()
