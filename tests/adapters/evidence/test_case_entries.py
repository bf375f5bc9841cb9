"""The entries of the log for a bundle: nobody's are in the way of what others did."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.adapters.ids import time_ordered_id
from app.domain.deliveries.recall import RecallReason
from tests.support.callers import START, seat
from tests.support.office import Office, saying
from tests.support.play import CENTER, PRISON, PROBATION, TO_ASSESSING, special

ENTRIES = "SELECT index, entry, proves, left_out FROM case_entries($1, $2, $3, $4)"


async def write(
    office: Office, case: UUID, count: int, by: str | None, kind: str = "export", **more: Any
) -> list[str]:
    """Write and seal entries of an agency in a case, which center and probation office may read."""
    entries = []
    for _ in range(count):
        office.clock.now += timedelta(milliseconds=1)
        entry = {"id": str(time_ordered_id(office.clock.now)), "kind": kind, "agency_id": by}
        about = {"case_id": str(case), "agencies": [CENTER, PROBATION], "detail": {}}
        entries.append(entry | about | more)
    for start in range(0, count, 500):
        chunk = json.dumps(entries[start : start + 500])
        await office.owner.execute("SELECT write_log($1, $2)", office.clock.now, chunk)
    while await office.sealer.seal():
        pass
    return [entry["id"] for entry in entries]


async def read(
    office: Office, case: UUID, messages: list[UUID], most: int, agency: str = CENTER
) -> tuple[dict[str, dict[str, Any]], int]:
    """The entries that tell, by id, and how many at least are left out."""
    rows = await office.pool.fetch(ENTRIES, agency, case, messages, most)
    assert all(row["index"] is not None for row in rows)
    told = [json.loads(row["entry"]) for row in rows if not row["proves"]]
    return {each["id"]: each for each in told}, rows[0]["left_out"] if rows else 0


@pytest.mark.parametrize(("most", "many"), [(10, 40), (100, 900)])
@pytest.mark.parametrize("by", [PRISON, None], ids=["another agency", "nobody"])
async def test_whatever_one_writes_pushes_out_nothing_of_others(
    office: Office, most: int, many: int, by: str | None
) -> None:
    case = uuid4()
    older = [e for a in (CENTER, PROBATION) for e in await write(office, case, 3, a, "hold")]
    filling = await write(office, case, many, by)
    told, left_out = await read(office, case, [uuid4()], most)
    assert told.keys() == {*older, *filling[-(most - len(older)) :]}
    assert left_out > 0


async def test_of_an_agency_that_did_one_thing_again_and_again_the_rest_is_seen(
    office: Office,
) -> None:
    case = uuid4()
    held = await write(office, case, 2, PRISON, "hold")
    await write(office, case, 60, PRISON)
    told, _ = await read(office, case, [], 10)
    assert Counter(each["kind"] for each in told.values()) == {"hold": 2, "export": 8}
    assert told.keys() >= set(held)


@pytest.mark.parametrize("most", [10, 20])
async def test_a_part_has_what_tells_of_its_own_messages(office: Office, most: int) -> None:
    case, old, new = uuid4(), uuid4(), uuid4()
    older = await write(office, case, 2, PRISON, "recall", message_id=str(old))
    newer = await write(office, case, 60, PRISON, "recall", message_id=str(new))
    of_the_case = await write(office, case, 1, PRISON, "export")
    told, left_out = await read(office, case, [old], most)
    assert (set(told), left_out) == ({*older, *of_the_case}, 0)
    told, left_out = await read(office, case, [new], most)
    assert told.keys() == {*newer[1 - most :], *of_the_case}
    assert left_out > 0


async def test_nothing_is_left_out_only_if_all_there_is_comes(office: Office) -> None:
    case = uuid4()
    await write(office, case, 10, PRISON)
    assert (await read(office, case, [], 10))[1] == 0
    await write(office, case, 1, PRISON)
    assert (await read(office, case, [], 10))[1] == 1
    message = uuid4()
    await write(office, case, 1_001, PRISON, "recall", message_id=str(message))
    assert (await read(office, case, [message], 5_000))[1] == 1


async def test_what_an_agency_may_not_read_does_not_come_and_takes_no_place(
    office: Office,
) -> None:
    case = uuid4()
    (own,) = await write(office, case, 1, PRISON)
    await write(office, case, 40, PRISON, agencies=[PROBATION])
    told, left_out = await read(office, case, [], 10)
    assert (set(told), left_out) == ({own}, 0)


async def test_a_recall_is_told_with_its_message(office: Office) -> None:
    office.clock.now = START
    referral = await special(office, TO_ASSESSING)
    message = saying("special_adjustment.interview", referral)
    await office.exchange.accept(message, seat(CENTER))
    wrong = RecallReason.WRONG_CONTENT
    await office.recalls.recall(seat(CENTER), referral, message.id, wrong, None)
    while await office.sealer.seal():
        pass
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    for messages, kinds in (([message.id], ["recall"]), ([], [])):
        told, _ = await read(office, case, messages, 10, PROBATION)
        assert [each["kind"] for each in told.values()] == kinds
