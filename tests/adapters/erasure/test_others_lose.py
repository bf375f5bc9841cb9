"""The database and the domain agree on whether others lose something by an erasure."""

import json
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from app.adapters.erasure.writing import hold
from app.domain.classes import DataClass
from app.domain.erasure.objections import ErasureReason
from app.domain.erasure.requests import copies_at_stake
from tests.support.callers import START
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ASSESSING,
    hand_over,
    send,
    special,
)

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

LOSE = "SELECT others_lose(r, $2, $3, $4) FROM referral r WHERE r.id = $1"
ROUNDS = 40
CLASSES = sorted(map(str, DataClass))


async def shuffle(
    connection: "PoolConnectionProxy[Record]", referral: UUID, random: Random
) -> None:
    """Bring the copies of a referral, and who holds them, into a state of their own.

    Only what the question depends on: nobody else reads it before it is rolled back.
    """

    def some(share: float) -> list[str]:
        return [each for each in CLASSES if random.random() < share]

    state = random.choice(["assessing", "closed"])
    gone = some(random.choice((0, 0.3)))
    await connection.execute(
        "UPDATE referral SET state = $2, erased_classes = $3 WHERE id = $1", referral, state, gone
    )
    for agency in (PRISON, PROBATION, CENTER, OTHER_CENTER):
        connected = random.random() < 0.7
        await connection.execute(
            "UPDATE agency SET connected = $2, disabled_at = $3 WHERE id = $1",
            agency,
            connected,
            None if random.random() < 0.7 else START,
        )
    copies = await connection.fetch(
        "SELECT agency_id, message_id FROM copy WHERE message_referral_id = $1", referral
    )
    await connection.execute(
        "UPDATE inbox_item SET opened_at = NULL, printed_at = NULL, acknowledged_at = NULL"
        " WHERE referral_id = $1",
        referral,
    )
    for copy in copies:
        key = (copy["agency_id"], copy["message_id"])
        recalled = random.random() < 0.3
        await connection.execute(
            "UPDATE copy SET classes = $3, kept = $4, sent = $5,"
            " recalled_at = CASE WHEN $6 THEN now() END WHERE agency_id = $1 AND message_id = $2",
            *key,
            some(0.4),
            some(0.3) if recalled else [],
            random.random() < 0.3,
            recalled,
        )
        if random.random() < 0.3:
            await connection.execute(
                "UPDATE inbox_item SET opened_at = now() WHERE agency_id = $1 AND message_id = $2",
                *key,
            )


@pytest.mark.parametrize("child", [False, True])
async def test_the_database_and_the_domain_agree_on_whether_others_lose_something(
    office: Office, *, child: bool
) -> None:
    random = Random(f"erasure {child}")
    if child:
        _, referral = await hand_over(office, (OTHER_CENTER, "acknowledge"))
    else:
        referral = await special(office, TO_ASSESSING)
        await send(office, PRISON, saying("special_adjustment.change_custody", referral))
    answers = []
    async with office.owner.acquire() as connection:
        for _ in range(ROUNDS):
            transaction = connection.transaction()
            await transaction.start()
            await shuffle(connection, referral, random)
            for agency in (PRISON, PROBATION, CENTER, OTHER_CENTER):
                classes = frozenset(random.sample(CLASSES, random.choice((1, 2, 9))))
                reason = random.choice([*ErasureReason])
                held = await hold(connection, agency, referral, wait=False)
                if held is None:
                    continue
                told = copies_at_stake(held, agency, frozenset(map(DataClass, classes)), reason)
                said = await connection.fetchval(LOSE, referral, agency, [*classes], str(reason))
                assert said is bool(told), json.dumps([agency, sorted(classes), reason, held.state])
                answers.append(said)
            await transaction.rollback()
    assert len(answers) >= ROUNDS
    assert {*answers} == {False, True}
