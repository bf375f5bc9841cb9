"""What happens when several things happen at once."""

import asyncio
import json
import random
from uuid import UUID, uuid4

import pytest

from app.domain.errors import IllegalMove
from tests.support.callers import seat
from tests.support.office import Office, saying
from tests.support.play import (
    CENTER,
    OTHER_CENTER,
    PRISON,
    PROBATION,
    TO_ASSESSING,
    hand_over,
    special,
)

ROUNDS = 200


async def test_of_two_racing_accepts_one_wins_and_the_other_is_told_what_is_possible(
    office: Office,
) -> None:
    referral = await special(office, TO_ASSESSING[:4])
    rivals = [saying("special_adjustment.accept", referral) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(office.exchange.accept(m, seat(CENTER)) for m in rivals), return_exceptions=True
    )
    refused = [o for o in outcomes if isinstance(o, IllegalMove)]
    assert len(refused) == 1
    assert refused[0].facts["state"] == "accepted"
    assert "special_adjustment.interview" in {a["type"] for a in refused[0].facts["actions"]}
    assert sum(not isinstance(o, BaseException) for o in outcomes) == 1


async def test_two_processes_that_write_to_one_case_lose_nothing(office: Office) -> None:
    referral = await special(office, TO_ASSESSING)
    exchanges = [office.exchange, office.another(), office.another()]
    messages = [saying("special_adjustment.interview", referral) for _ in range(30)]

    async def send(index: int) -> None:
        await exchanges[index % 3].accept(messages[index], seat(CENTER))

    await asyncio.gather(*(send(i) for i in range(30)))
    read = await office.reading.messages(CENTER, referral, 0, 100)
    numbers = [m["number"] for m in read]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {str(m.id) for m in messages} <= {m["id"] for m in read}


async def test_writers_to_overlapping_recipients_never_wait_for_each_other_in_a_ring(
    office: Office,
) -> None:
    cases = [await special(office) for _ in range(12)]

    async def tell_everybody(referral: UUID) -> None:
        for _ in range(10):
            sender = random.choice([PRISON, PROBATION])
            event = "change_custody" if sender == PRISON else "record_consent"
            changes = {} if sender == PRISON else {"consent_id": str(uuid4())}
            message = saying(f"special_adjustment.{event}", referral, changes)
            await office.exchange.accept(message, seat(sender))

    await asyncio.gather(*(tell_everybody(r) for r in cases))
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await office.owner.fetchval(deadlocks) == 0


async def test_a_reader_who_pages_while_writers_commit_skips_nothing_and_sees_nothing_twice(
    office: Office,
) -> None:
    start = json.loads(await office.inboxes.read(PROBATION, 0, 1, 0, unacknowledged=False))["head"]
    wanted = 120
    writing = asyncio.gather(
        *(
            office.exchange.accept(saying("special_adjustment.notify_candidate"), seat(PRISON))
            for _ in range(wanted)
        )
    )
    positions: list[int] = []
    messages: list[str] = []
    after = start
    while len(messages) < wanted:
        page = json.loads(await office.inboxes.read(PROBATION, after, 7, 5, unacknowledged=False))
        positions += [item["position"] for item in page["items"]]
        messages += [item["message_id"] for item in page["items"]]
        after = page["next"]
    answers = await writing
    assert positions == list(range(start + 1, start + wanted + 1))
    assert sorted(messages) == sorted(str(a.answer.message_id) for a in answers)


async def test_nothing_is_copied_to_the_other_center_after_consent_is_withdrawn_in_the_parent(
    office: Office,
) -> None:
    for _ in range(ROUNDS // 20):
        await asyncio.gather(*(_withdraw_while_the_child_discloses(office) for _ in range(20)))


async def _withdraw_while_the_child_discloses(office: Office) -> None:
    taken = ((OTHER_CENTER, "acknowledge"), (OTHER_CENTER, "accept"))
    parent, child = await hand_over(office, *taken)
    withdrawal = saying("special_adjustment.withdraw_consent", parent)

    async def withdraw() -> None:
        await asyncio.sleep(random.random() * 0.03)  # chance, not synchronisation
        await office.exchange.accept(withdrawal, seat(PROBATION))

    async def disclose() -> int:
        for count in range(20):
            try:
                interview = saying("regional_coordination.interview", child)
                await office.exchange.accept(interview, seat(CENTER))
            except IllegalMove:
                return count
        return 20

    _, interviews = await asyncio.gather(withdraw(), disclose())
    # Positions are in the order of commits, and the withdrawal reaches this inbox too.
    rows = await office.owner.fetch(
        "SELECT type FROM inbox_item WHERE agency_id = $1 AND referral_id = $2 ORDER BY position",
        OTHER_CENTER,
        child,
    )
    types = [row["type"] for row in rows]
    assert types.count("regional_coordination.interview") == interviews
    assert types[-1] == "regional_coordination.consent_suspended"
    late = saying("regional_coordination.interview", child)
    with pytest.raises(IllegalMove):
        await office.exchange.accept(late, seat(CENTER))
