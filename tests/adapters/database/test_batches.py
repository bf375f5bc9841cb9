"""What waits is written together: in turns of agencies, and never two of one subject at once."""

import asyncio
from collections.abc import Sequence

import pytest

from app.adapters.database import batches
from app.adapters.database.batches import MOST, WRITERS, Batches
from app.adapters.database.pool import NoConnection


class Writer:
    """Notes the batches that it is given, and ends each when it is told to."""

    def __init__(self) -> None:
        self.begun: list[list[str]] = []
        self.begins = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def write(self, works: Sequence[str]) -> list[str]:
        self.begun.append(list(works))
        self.begins.release()
        await self.gate.wait()
        if self.error:
            raise self.error
        return [work.upper() for work in works]


def sent(
    to: Batches[str, str], *works: tuple[str, str], subject: str | None = None
) -> list[asyncio.Task[str]]:
    """Each of these pieces of work of an agency, waiting for its outcome."""
    return [
        asyncio.ensure_future(to.outcome(agency, subject or work, work)) for agency, work in works
    ]


async def busy(to: Batches[str, str], writer: Writer) -> list[asyncio.Task[str]]:
    """As many pieces of work as there are writers, each in a batch of its own."""
    tasks = []
    for nth in range(WRITERS):
        tasks += sent(to, ("busy", f"busy {nth}"))
        await writer.begins.acquire()
    return tasks


async def test_what_finds_nothing_waiting_is_written_at_once_and_the_rest_together() -> None:
    writer = Writer()
    to = Batches(writer.write)
    first = await busy(to, writer)
    tasks = sent(to, *(("a", f"a{n}") for n in range(5)))
    await asyncio.sleep(0)
    writer.gate.set()
    assert await asyncio.gather(*first, *tasks) == [
        *(f"BUSY {n}" for n in range(WRITERS)),
        *(f"A{n}" for n in range(5)),
    ]
    assert writer.begun == [
        *([f"busy {n}"] for n in range(WRITERS)),
        [f"a{n}" for n in range(5)],
    ]


async def test_agencies_take_turns_however_much_one_of_them_sends() -> None:
    writer = Writer()
    to = Batches(writer.write)
    tasks = await busy(to, writer)
    tasks += sent(to, *(("a", f"a{n}") for n in range(2 * MOST)), ("b", "b0"), ("c", "c0"))
    await asyncio.sleep(0)
    writer.gate.set()
    await asyncio.gather(*tasks)
    next_batch = writer.begun[WRITERS]
    assert next_batch[:3] == ["a0", "b0", "c0"]
    assert len(next_batch) == MOST


async def test_of_one_subject_one_is_under_way_and_the_others_follow_one_by_one() -> None:
    writer = Writer()
    to = Batches(writer.write)
    tasks = sent(to, ("a", "one"), ("a", "two"), ("b", "three"), subject="case")
    await writer.begins.acquire()
    assert writer.begun == [["one"]]
    writer.gate.set()
    assert await asyncio.gather(*tasks) == ["ONE", "TWO", "THREE"]
    assert writer.begun == [["one"], ["three"], ["two"]]


async def test_what_a_writer_raises_is_raised_to_each_of_its_batch_and_ends_nothing() -> None:
    writer = Writer()
    to = Batches(writer.write)
    writer.error = ValueError("no")
    writer.gate.set()
    failed = await asyncio.gather(*sent(to, ("a", "a0"), ("b", "b0")), return_exceptions=True)
    assert [type(each) for each in failed] == [ValueError, ValueError]
    writer.error = None
    assert await asyncio.gather(*sent(to, ("a", "a1"))) == ["A1"]


async def test_whoever_no_longer_waits_is_not_written() -> None:
    writer = Writer()
    to = Batches(writer.write)
    tasks = await busy(to, writer)
    (gone, stays) = sent(to, ("a", "gone"), ("a", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    writer.gate.set()
    await asyncio.gather(*tasks, stays)
    assert writer.begun[WRITERS] == ["stays"]


async def test_what_no_writer_takes_in_time_is_given_up_and_what_is_being_written_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "WAIT_FOR_CONNECTION", 0.01)
    writer = Writer()
    to = Batches(writer.write)
    tasks = await busy(to, writer)
    (late,) = sent(to, ("a", "late"))
    with pytest.raises(NoConnection):
        await late
    writer.gate.set()
    assert await asyncio.gather(*tasks) == [f"BUSY {n}" for n in range(WRITERS)]
    assert ["late"] not in writer.begun
