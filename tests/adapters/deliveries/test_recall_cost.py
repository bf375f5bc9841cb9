"""What a recall costs does not grow with the log."""

from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import PRISON, PROBATION

READ = (
    "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'log_entry'"
)
HOLD = "SELECT hold_for_recall($1, $2, $3) -> 'copies' -> 0 -> 'openings' -> 0 ->> 'count'"
OTHERS = """
    INSERT INTO log_entry (id, at, kind, agency_id, message_id, agencies, detail)
    SELECT gen_random_uuid(), now(), 'disclosure', $1, gen_random_uuid(), '{}',
        '{"classes": ["C0"]}' FROM generate_series(1, 3000)
"""


async def test_a_recall_reads_the_openings_of_its_own_message(office: Office) -> None:
    opening = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(opening, seat(PRISON))
    await office.reading.open(seat(PROBATION), [opening.id])
    async with office.owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(OTHERS, PROBATION)
        for _ in range(7):  # the plan is kept after the fifth
            before = await connection.fetchval(READ)
            opened = await connection.fetchval(HOLD, PRISON, opening.id, opening.id)
            assert opened == "1"
            assert await connection.fetchval(READ) - before < 50
        await transaction.rollback()
