"""The audit finds whatever was changed in the log, and says where it begins."""

import pytest

from app.adapters.log.audit import Audit, LogMismatch
from tests.adapters.log.conftest import LogHarness

LEAF = "UPDATE log_leaf SET hash = sha256(hash) WHERE index = 5"
REHASHED = "UPDATE log_leaf SET hash = sha256('x') WHERE index = 5"
DROPPED = "DELETE FROM log_leaf WHERE index = 5"
TRUNCATED = "DELETE FROM log_leaf WHERE index >= 9; UPDATE log_tree SET size = 9, hashed = 9"
ENTRY = """
    UPDATE log_entry SET detail = detail || '{"digest": "other"}'
    WHERE id = (SELECT entry_id FROM log_leaf WHERE index = 5)
"""
GONE = "DELETE FROM log_entry WHERE id = (SELECT entry_id FROM log_leaf WHERE index = 5)"
SWAPPED = """
    UPDATE log_leaf a SET entry_id = b.entry_id, hash = b.hash FROM log_leaf b
    WHERE a.index = 5 AND b.index = 6
"""
NODE = "UPDATE log_node SET hash = sha256(hash) WHERE level = 1 AND number = 2"
ROOT = "UPDATE log_checkpoint SET root = sha256(root) WHERE size = 11"
NOTE = "UPDATE log_checkpoint SET note = replace(note, E'log\\n1', E'log\\n2') WHERE size = 11"
READERS = "DELETE FROM log_reader WHERE index = 5"
FORGOTTEN = "DELETE FROM log_pending"

CHANGES = [
    (LEAF, 5, ("log_leaf",)),
    (REHASHED, 5, ("log_leaf",)),
    (DROPPED, 5, ("log_leaf",)),
    (TRUNCATED, 9, ("log_leaf",)),
    (ENTRY, 5, ("log_entry",)),
    (GONE, 5, ("log_entry",)),
    (NODE, 4, ("log_node",)),
    (ROOT, 4, ("log_checkpoint",)),
    (NOTE, 4, ("log_checkpoint",)),
    (READERS, 5, ("log_reader",)),
    (FORGOTTEN, 11, ()),
]


async def eleven(harness: LogHarness) -> None:
    """A log of eleven leaves, with checkpoints at four and eleven, and an entry that waits."""
    await harness.write(4, "center-13")
    await harness.seal_all()
    await harness.write(7, "center-13", "bar-13")
    await harness.seal_all()
    await harness.write(1, "center-13")


async def test_a_log_that_nobody_touched_is_sound(harness: LogHarness) -> None:
    await eleven(harness)
    sound = await harness.audit()
    assert (sound.leaves, sound.checkpoints) == (11, 2)


@pytest.mark.parametrize(("statement", "index", "tables"), CHANGES)
async def test_a_change_is_found_where_it_begins(
    harness: LogHarness, statement: str, index: int, tables: tuple[str, ...]
) -> None:
    await eleven(harness)
    await harness.tamper(statement, *tables)
    with pytest.raises(LogMismatch) as mismatch:
        await harness.audit()
    assert mismatch.value.index == index, mismatch.value


async def test_a_log_that_was_written_anew_from_a_place_on_does_not_fit_its_checkpoints(
    harness: LogHarness,
) -> None:
    await eleven(harness)
    await harness.tamper(ENTRY, "log_entry")
    await harness.tamper(
        """
        DELETE FROM log_leaf; DELETE FROM log_node; DELETE FROM log_reader;
        DELETE FROM log_checkpoint WHERE size <> 11;
        INSERT INTO log_pending SELECT id FROM log_entry ORDER BY id;
        DELETE FROM log_pending WHERE seq <= (SELECT max(seq) - 12 FROM log_pending);
        UPDATE log_tree SET size = 0, hashed = 0, frontier = '{}';
        """,
        "log_leaf",
        "log_node",
        "log_reader",
        "log_checkpoint",
    )
    await harness.seal_all()
    with pytest.raises(LogMismatch) as mismatch:
        await harness.audit()
    assert "checkpoint of 11 leaves" in str(mismatch.value)


async def test_a_checkpoint_of_a_key_that_is_not_known_is_found(harness: LogHarness) -> None:
    await eleven(harness)
    async with harness.owner.acquire() as connection:
        with pytest.raises(LogMismatch, match="no key"):
            await Audit(connection, [bytes(32)]).run(lambda _: None)
