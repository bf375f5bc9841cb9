"""What opening a message costs does not grow with the inbox it lies in."""

import json
from typing import Any
from uuid import uuid4

from tests.support.callers import seat
from tests.support.office import Office, saying

OFFICE, PRISON = "probation-40", "prison-fuchu"
READ = (
    "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'inbox_item'"
)


async def test_opening_a_message_reads_its_own_item_of_the_inbox(office: Office) -> None:
    opening = saying("special_adjustment.notify_candidate", to={"probation_office": OFFICE})
    await office.exchange.accept(opening, seat(PRISON))
    await office.owner.execute(
        "INSERT INTO inbox_item (agency_id, position, kind, referral_id, message_id, type, urgency,"
        " accepted_at) SELECT $1, 1000 + n, 'message', NULL, gen_random_uuid(), 'x.y', 'normal',"
        " now() FROM generate_series(1, 3000) AS n",
        OFFICE,
    )
    arguments: dict[str, Any] = {"at": "2026-11-23T10:00:00+09:00", "agency_id": OFFICE, "log": []}
    arguments |= {"cases": {}, "message_ids": [str(opening.id), str(uuid4())]}
    async with office.owner.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        for _ in range(7):  # the plan is kept after the fifth
            before = await connection.fetchval(READ)
            await connection.fetchval("SELECT disclose($1)", json.dumps(arguments))
            assert await connection.fetchval(READ) - before < 50
        await transaction.rollback()
    await office.owner.execute(
        "DELETE FROM inbox_item WHERE agency_id = $1 AND position > 1000", OFFICE
    )
