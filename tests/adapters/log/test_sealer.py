"""Sealing: every entry becomes one leaf, whoever seals, whenever, and whatever is under way."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from app.adapters.log.sealer import BATCH, Sealer
from app.adapters.log.signatures import verifies
from app.domain.errors import NotSealed
from app.domain.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from app.domain.log.signed_note import Checkpoint, Note, NoteSigner
from app.domain.messages.digest import canonical
from tests.adapters.log.conftest import ORIGIN, LogHarness, open_harness
from tests.conftest import NewDatabase

ANYONE = "center-13"


async def head(harness: LogHarness) -> Checkpoint:
    """The newest checkpoint, its signature checked with the published keys."""
    note = Note.parse(await harness.log.checkpoint(ANYONE))
    note.check(harness.keys.public_keys(), verifies)
    return Checkpoint.parse(note.text)


async def test_before_the_first_sealing_there_is_no_checkpoint_and_then_an_empty_one(
    harness: LogHarness,
) -> None:
    with pytest.raises(NotSealed):
        await harness.log.checkpoint(ANYONE)
    assert await harness.seal_all() == 0
    assert await head(harness) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert await harness.seal_all() == 0
    assert (await harness.audit()).checkpoints == 1


async def test_every_entry_becomes_a_leaf_in_the_order_of_writing(harness: LogHarness) -> None:
    ids = await harness.write(7, "center-13")
    assert await harness.seal_all() == 7
    entries = await harness.log.entries("center-13", -1, 10)
    assert [json.loads(entry.text)["id"] for entry in entries] == [str(each) for each in ids]
    assert [entry.index for entry in entries] == list(range(7))
    frontier = Frontier()
    for entry in entries:
        assert entry.hash == leaf_hash(canonical(json.loads(entry.text)))
        frontier.append(entry.hash)
    assert (await head(harness)).root == frontier.root()
    assert await harness.log.leaves(ANYONE, 0, 7) == [entry.hash for entry in entries]


async def test_every_proof_of_a_growing_log_holds(harness: LogHarness) -> None:
    heads = [Checkpoint(ORIGIN, 0, EMPTY_ROOT)]
    for count in (1, 2, 5, 8, 3):
        await harness.write(count, "center-13")
        await harness.seal_all()
        heads.append(await head(harness))
    for state in heads[1:]:
        proofs = await harness.log.proofs(ANYONE, range(state.size), state.size)
        assert len(proofs) == state.size
        for index, proof in proofs.items():
            assert verify_inclusion(proof.leaf, index, state.size, proof.path, state.root)
    for number, old in enumerate(heads):
        for new in heads[number:]:
            path = await harness.log.consistency(ANYONE, old.size, new.size)
            assert verify_consistency(old.size, new.size, old.root, new.root, path)


async def test_more_than_a_batch_is_sealed_batch_by_batch(harness: LogHarness) -> None:
    written = [
        {"id": f"01936b7e-5a11-7c02-9e3f-{number:012x}", "kind": "token", "agencies": ["center-13"]}
        for number in range(2 * BATCH + 1)
    ]
    await harness.owner.execute("SELECT write_log($1, $2)", harness.clock(), json.dumps(written))
    sealer = harness.sealer()
    assert [await sealer.seal() for _ in range(4)] == [BATCH, BATCH, 1, 0]
    assert (await harness.audit()).leaves == 2 * BATCH + 1


async def test_many_sealers_and_writers_at_once_leave_no_gap_and_no_double(
    harness: LogHarness,
) -> None:
    writing = asyncio.gather(*(harness.write(25, f"center-{number}") for number in range(11, 17)))
    sealers = [harness.sealer() for _ in range(4)]
    sealed = 0
    while not writing.done():
        sealed += sum(await asyncio.gather(*(sealer.seal() for sealer in sealers)))
    await writing
    sealed += await harness.seal_all()
    assert sealed == 150
    sound = await harness.audit()
    assert sound.leaves == 150
    assert sound.checkpoints > 1
    assert await harness.owner.fetchval("SELECT count(DISTINCT entry_id) FROM log_leaf") == 150
    assert (await head(harness)).size == 150


async def test_an_entry_that_is_committed_late_is_not_stepped_over(harness: LogHarness) -> None:
    entry = {"id": "01936b7e-5a11-7c02-9e3f-4b7d1a2c8f06", "kind": "token", "agencies": ["bar-13"]}
    async with harness.owner.acquire() as late, late.transaction():
        await late.execute("SELECT write_log($1, $2)", harness.clock(), json.dumps([entry]))
        await harness.write(3, "center-13")
        assert await harness.seal_all() == 3
    assert await harness.seal_all() == 1
    assert [each.index for each in await harness.log.entries("bar-13", -1, 10)] == [3]
    assert (await harness.audit()).leaves == 4


async def test_a_sealer_that_fails_half_way_leaves_the_log_as_it_was(harness: LogHarness) -> None:
    class BrokenSigners:
        def signers(self, _: object) -> tuple[()]:
            raise OSError("the key cannot be read")

    await harness.write(3, "center-13")
    sealer = Sealer(harness.worker, BrokenSigners(), ORIGIN, harness.clock)
    with pytest.raises(OSError, match="key"):
        await sealer.seal()
    assert await harness.owner.fetchval("SELECT count(*) FROM log_pending") == 3
    assert await harness.seal_all() == 3
    assert (await harness.audit()).leaves == 3


async def test_nothing_is_sealed_that_does_not_wait(harness: LogHarness) -> None:
    (entry,) = await harness.write(1, "center-13")
    seq = await harness.owner.fetchval("SELECT seq FROM log_pending")
    await harness.seal_all()
    with pytest.raises(asyncpg.RaiseError, match="does not wait"):
        await harness.worker.execute(
            "SELECT append_leaves($1, $2, $3)", [seq], [entry], [bytes(32)]
        )
    assert (await harness.audit()).leaves == 1


async def test_leaves_that_the_tree_does_not_cover_yet_become_part_of_it(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    urls = new_database()
    async with open_harness(urls, tmp_path) as harness:
        await harness.write(BATCH + 5, "center-13", case_id="01936b7e-2f00-7a11-b3c5-92d4e1f07a00")
        rows = await harness.worker.fetch("SELECT seq, id, entry FROM pending_entries(1003)")
        hashes = [leaf_hash(canonical(json.loads(row["entry"]))) for row in rows]
        await harness.worker.execute(
            "SELECT append_leaves($1, $2, $3)",
            [row["seq"] for row in rows],
            [row["id"] for row in rows],
            hashes,
        )
    async with open_harness(urls, tmp_path) as harness:
        await harness.write(1, "bar-13")
        before = await harness.audit()
        assert before.leaves == 1003
        assert await harness.seal_all() == 1003 + 3
        assert (await harness.audit()).leaves == BATCH + 6
        assert list(await harness.log.leaves(ANYONE, 0, 1000)) == hashes[:1000]
        assert len(await harness.log.entries("center-13", -1, 9_999)) == BATCH + 5
        state = await head(harness)
        proof = (await harness.log.proofs(ANYONE, [500], state.size))[500]
        assert verify_inclusion(proof.leaf, 500, state.size, proof.path, state.root)


async def test_an_entry_is_shown_to_those_it_names_and_to_nobody_else(harness: LogHarness) -> None:
    (alone,) = await harness.write(1, "center-13")
    (both,) = await harness.write(1, "center-13", "bar-13")
    await harness.write(1)
    waiting = await harness.log.entries_by_id("bar-13", [alone, both])
    assert [(key, entry.index) for key, entry in waiting.items()] == [(both, None)]
    await harness.seal_all()
    sealed = await harness.log.entries_by_id("bar-13", [alone, both])
    assert [(key, entry.index) for key, entry in sealed.items()] == [(both, 1)]
    assert sealed[both].hash == waiting[both].hash
    assert [entry.index for entry in await harness.log.entries("bar-13", -1, 9)] == [1]
    assert [entry.index for entry in await harness.log.entries("center-13", -1, 9)] == [0, 1]
    assert [entry.index for entry in await harness.log.entries("center-13", 0, 9)] == [1]
    assert await harness.log.entries("center-27", -1, 9) == []


TABLES = {
    "log_entry": "kind",
    "log_leaf": "hash",
    "log_node": "hash",
    "log_checkpoint": "note",
    "log_reader": "index",
}


@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_what_is_in_the_log_stays_as_it_is(harness: LogHarness, verb: str) -> None:
    await harness.write(2, "center-13")
    await harness.seal_all()
    for table, column in TABLES.items():
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await harness.owner.execute(verb.format(table, column))
        for pool in (harness.api, harness.worker):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(verb.format(table, column))


async def test_a_backlog_is_counted_and_its_age_told(harness: LogHarness) -> None:
    async def figures() -> tuple[int, float, int]:
        row = await harness.api.fetchrow("SELECT * FROM log_figures($1)", harness.clock.now)
        assert row is not None
        return row["unsealed"], round(row["oldest"]), row["sealed"]

    assert await figures() == (0, 0, 0)
    first = harness.clock.now
    await harness.write(5, "center-13")
    harness.clock.now = first.replace(hour=3)
    assert await figures() == (5, 7200, 0)
    await harness.seal_all()
    assert await figures() == (0, 0, 5)


async def test_nothing_beyond_the_newest_checkpoint_is_given(harness: LogHarness) -> None:
    await harness.write(3, "center-13")
    await harness.seal_all()
    with pytest.raises(NotSealed):
        await harness.log.proofs(ANYONE, [0], 4)
    with pytest.raises(NotSealed):
        await harness.log.consistency(ANYONE, 1, 4)
    with pytest.raises(NotSealed):
        await harness.log.leaves(ANYONE, 0, 4)
    assert await harness.log.leaves(ANYONE, 3, 3) == []


async def test_no_checkpoint_has_an_earlier_time_than_the_one_before(harness: LogHarness) -> None:
    await harness.write(1, ANYONE)
    await harness.seal_all()
    newest = "SELECT at FROM log_checkpoint ORDER BY size DESC LIMIT 1"
    before = await harness.owner.fetchval(newest)
    slow = Sealer(harness.worker, harness.keys, ORIGIN, lambda: before - timedelta(hours=3))
    await harness.write(1, ANYONE)
    await slow.seal()
    assert await harness.owner.fetchval(newest) == before


async def test_older_keys_do_not_sign_again_after_the_clock_went_back(harness: LogHarness) -> None:
    await harness.write(1, ANYONE)
    await harness.seal_all()
    before = await harness.owner.fetchval("SELECT max(at) FROM log_checkpoint")
    asked: list[datetime] = []

    class Signers:
        def signers(self, at: datetime) -> Sequence[NoteSigner]:
            asked.append(at)
            return harness.keys.signers(at)

    slow = Sealer(harness.worker, Signers(), ORIGIN, lambda: before - timedelta(hours=3))
    await harness.write(1, ANYONE)
    await slow.seal()
    assert asked == [before]
