"""Sealing: every entry becomes one leaf, whoever seals, whenever, and whatever is under way."""

import asyncio
import json
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
from app.domain.log.signed_note import Checkpoint, Note
from app.domain.messages.digest import canonical
from tests.adapters.log.conftest import ORIGIN, Book, opened
from tests.conftest import NewDatabase

ANYONE = "center-13"


async def head(book: Book) -> Checkpoint:
    """The newest checkpoint, its signature checked with the published keys."""
    note = Note.parse(await book.log.checkpoint(ANYONE))
    note.check(book.keys.public_keys(), verifies)
    return Checkpoint.parse(note.text)


async def test_before_the_first_sealing_there_is_no_checkpoint_and_then_an_empty_one(
    book: Book,
) -> None:
    with pytest.raises(NotSealed):
        await book.log.checkpoint(ANYONE)
    assert await book.seal_all() == 0
    assert await head(book) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert await book.seal_all() == 0
    assert (await book.audit()).checkpoints == 1


async def test_every_entry_becomes_a_leaf_in_the_order_of_writing(book: Book) -> None:
    ids = await book.write(7, "center-13")
    assert await book.seal_all() == 7
    entries = await book.log.entries("center-13", -1, 10)
    assert [json.loads(entry.text)["id"] for entry in entries] == [str(each) for each in ids]
    assert [entry.index for entry in entries] == list(range(7))
    frontier = Frontier()
    for entry in entries:
        assert entry.hash == leaf_hash(canonical(json.loads(entry.text)))
        frontier.append(entry.hash)
    assert (await head(book)).root == frontier.root()
    assert await book.log.leaves(ANYONE, 0, 7) == [entry.hash for entry in entries]


async def test_every_proof_of_a_growing_log_holds(book: Book) -> None:
    heads = [Checkpoint(ORIGIN, 0, EMPTY_ROOT)]
    for count in (1, 2, 5, 8, 3):
        await book.write(count, "center-13")
        await book.seal_all()
        heads.append(await head(book))
    for state in heads[1:]:
        proofs = await book.log.proofs(ANYONE, range(state.size), state.size)
        assert len(proofs) == state.size
        for index, proof in proofs.items():
            assert verify_inclusion(proof.leaf, index, state.size, proof.path, state.root)
    for number, old in enumerate(heads):
        for new in heads[number:]:
            path = await book.log.consistency(ANYONE, old.size, new.size)
            assert verify_consistency(old.size, new.size, old.root, new.root, path)


async def test_more_than_a_batch_is_sealed_batch_by_batch(book: Book) -> None:
    written = [
        {"id": f"01936b7e-5a11-7c02-9e3f-{number:012x}", "kind": "token", "agencies": ["center-13"]}
        for number in range(2 * BATCH + 1)
    ]
    await book.api.execute("SELECT write_log($1, $2)", book.clock(), json.dumps(written))
    sealer = book.sealer()
    assert [await sealer.seal() for _ in range(4)] == [BATCH, BATCH, 1, 0]
    assert (await book.audit()).leaves == 2 * BATCH + 1


async def test_many_sealers_and_writers_at_once_leave_no_gap_and_no_double(book: Book) -> None:
    writing = asyncio.gather(*(book.write(25, f"center-{number}") for number in range(11, 17)))
    sealers = [book.sealer() for _ in range(4)]
    sealed = 0
    while not writing.done():
        sealed += sum(await asyncio.gather(*(sealer.seal() for sealer in sealers)))
    await writing
    sealed += await book.seal_all()
    assert sealed == 150
    sound = await book.audit()
    assert sound.leaves == 150
    assert sound.checkpoints > 1
    assert await book.owner.fetchval("SELECT count(DISTINCT entry_id) FROM log_leaf") == 150
    assert (await head(book)).size == 150


async def test_an_entry_that_is_committed_late_is_not_stepped_over(book: Book) -> None:
    entry = {"id": "01936b7e-5a11-7c02-9e3f-4b7d1a2c8f06", "kind": "token", "agencies": ["bar-13"]}
    async with book.api.acquire() as late, late.transaction():
        await late.execute("SELECT write_log($1, $2)", book.clock(), json.dumps([entry]))
        await book.write(3, "center-13")
        assert await book.seal_all() == 3
    assert await book.seal_all() == 1
    assert [each.index for each in await book.log.entries("bar-13", -1, 10)] == [3]
    assert (await book.audit()).leaves == 4


async def test_a_sealer_that_fails_half_way_leaves_the_log_as_it_was(book: Book) -> None:
    class BrokenSigners:
        def signers(self, _: object) -> tuple[()]:
            raise OSError("the key cannot be read")

    await book.write(3, "center-13")
    sealer = Sealer(book.worker, BrokenSigners(), ORIGIN, book.clock)
    with pytest.raises(OSError, match="key"):
        await sealer.seal()
    assert await book.owner.fetchval("SELECT count(*) FROM log_pending") == 3
    assert await book.seal_all() == 3
    assert (await book.audit()).leaves == 3


async def test_nothing_is_sealed_that_does_not_wait(book: Book) -> None:
    (entry,) = await book.write(1, "center-13")
    seq = await book.owner.fetchval("SELECT seq FROM log_pending")
    await book.seal_all()
    with pytest.raises(asyncpg.RaiseError, match="does not wait"):
        await book.worker.execute("SELECT append_leaves($1, $2, $3)", [seq], [entry], [bytes(32)])
    assert (await book.audit()).leaves == 1


async def test_leaves_that_the_tree_does_not_cover_yet_become_part_of_it(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    urls = new_database()
    async with opened(urls, tmp_path) as book:
        await book.write(BATCH + 5, "center-13", case_id="01936b7e-2f00-7a11-b3c5-92d4e1f07a00")
        rows = await book.worker.fetch("SELECT seq, id, entry FROM pending_entries(1003)")
        hashes = [leaf_hash(canonical(json.loads(row["entry"]))) for row in rows]
        await book.worker.execute(
            "SELECT append_leaves($1, $2, $3)",
            [row["seq"] for row in rows],
            [row["id"] for row in rows],
            hashes,
        )
    async with opened(urls, tmp_path) as book:
        await book.write(1, "bar-13")
        before = await book.audit()
        assert before.leaves == 1003
        assert await book.seal_all() == 1003 + 3
        assert (await book.audit()).leaves == BATCH + 6
        assert list(await book.log.leaves(ANYONE, 0, 1000)) == hashes[:1000]
        assert len(await book.log.entries("center-13", -1, 9_999)) == BATCH + 5
        state = await head(book)
        proof = (await book.log.proofs(ANYONE, [500], state.size))[500]
        assert verify_inclusion(proof.leaf, 500, state.size, proof.path, state.root)


async def test_an_entry_is_shown_to_those_it_names_and_to_nobody_else(book: Book) -> None:
    (alone,) = await book.write(1, "center-13")
    (both,) = await book.write(1, "center-13", "bar-13")
    await book.write(1)
    waiting = await book.log.entries_by_id("bar-13", [alone, both])
    assert [(key, entry.index) for key, entry in waiting.items()] == [(both, None)]
    await book.seal_all()
    sealed = await book.log.entries_by_id("bar-13", [alone, both])
    assert [(key, entry.index) for key, entry in sealed.items()] == [(both, 1)]
    assert sealed[both].hash == waiting[both].hash
    assert [entry.index for entry in await book.log.entries("bar-13", -1, 9)] == [1]
    assert [entry.index for entry in await book.log.entries("center-13", -1, 9)] == [0, 1]
    assert [entry.index for entry in await book.log.entries("center-13", 0, 9)] == [1]
    assert await book.log.entries("center-27", -1, 9) == []


TABLES = {
    "log_entry": "kind",
    "log_leaf": "hash",
    "log_node": "hash",
    "log_checkpoint": "note",
    "log_reader": "index",
}


@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_what_is_in_the_log_stays_as_it_is(book: Book, verb: str) -> None:
    await book.write(2, "center-13")
    await book.seal_all()
    for table, column in TABLES.items():
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await book.owner.execute(verb.format(table, column))
        for pool in (book.api, book.worker):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(verb.format(table, column))


async def test_a_backlog_is_counted_and_its_age_told(book: Book) -> None:
    async def figures() -> tuple[int, float, int]:
        row = await book.api.fetchrow("SELECT * FROM log_figures($1)", book.clock.now)
        assert row is not None
        return row["unsealed"], round(row["oldest"]), row["sealed"]

    assert await figures() == (0, 0, 0)
    first = book.clock.now
    await book.write(5, "center-13")
    book.clock.now = first.replace(hour=3)
    assert await figures() == (5, 7200, 0)
    await book.seal_all()
    assert await figures() == (0, 0, 5)


async def test_nothing_beyond_the_newest_checkpoint_is_given(book: Book) -> None:
    await book.write(3, "center-13")
    await book.seal_all()
    with pytest.raises(NotSealed):
        await book.log.proofs(ANYONE, [0], 4)
    with pytest.raises(NotSealed):
        await book.log.consistency(ANYONE, 1, 4)
    with pytest.raises(NotSealed):
        await book.log.leaves(ANYONE, 0, 4)
    assert await book.log.leaves(ANYONE, 3, 3) == []
