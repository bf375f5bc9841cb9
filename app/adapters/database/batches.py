"""Messages that wait are written together: one transaction for several, without a timer.

A message that finds nothing waiting is a batch of one. While it is written, others gather, and are
the next batch: the busier the service, the more messages share a commit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.adapters.database.pool import WAIT_FOR_CONNECTION, NoConnection

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

MOST = 16
"""Messages of a batch. More make each wait longer than sharing the commit spares it."""
WRITERS = 2
"""Batches at a time: one is decided on and sealed while PostgreSQL writes the other."""


@dataclass(eq=False, slots=True)
class _QueuedWork(Generic[Work, Outcome]):
    work: Work
    subject: Hashable
    outcome: asyncio.Future[Outcome]

    def succeed(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


@dataclass(slots=True)
class Batches(Generic[Work, Outcome]):
    """Lines of what waits to be written, one for each agency, and who writes it."""

    write: Callable[[Sequence[Work]], Awaitable[Sequence[Outcome]]]
    """Writes a batch; the outcome of each. What it raises, each of the batch is answered with."""
    _lines: dict[str, deque[_QueuedWork[Work, Outcome]]] = field(default_factory=dict)
    _writers: set[asyncio.Task[None]] = field(default_factory=set)
    _subjects: set[Hashable] = field(default_factory=set)
    """What is being written: two messages about one subject are never under way together."""

    async def outcome(self, agency_id: str, subject: Hashable, work: Work) -> Outcome:
        """Have this written with whatever waits, in its agency's line.

        Raises:
            NoConnection: its turn did not come in time.
        """
        waiting = _QueuedWork(work, subject, asyncio.get_running_loop().create_future())
        self._lines.setdefault(agency_id, deque()).append(waiting)
        self._let_write()
        timer = asyncio.get_running_loop().call_later(
            WAIT_FOR_CONNECTION, self._give_up, agency_id, waiting
        )
        try:
            outcome: Outcome = await waiting.outcome
            return outcome
        finally:
            timer.cancel()

    def _give_up(self, agency_id: str, waiting: _QueuedWork[Work, Outcome]) -> None:
        """End the wait of what no writer has taken yet."""
        line = self._lines.get(agency_id)
        if line is not None and waiting in line:
            line.remove(waiting)
            if not line:
                del self._lines[agency_id]
            waiting.fail(NoConnection())

    def _let_write(self) -> None:
        if self._lines and len(self._writers) < WRITERS:
            # In a context of its own: the connection is not its first caller's.
            writer = asyncio.get_running_loop().create_task(self._work(), context=Context())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)

    async def _work(self) -> None:
        while batch := list(self._take()):
            subjects = {each.subject for each in batch}
            self._subjects |= subjects
            try:
                await self._write_all(batch)
            finally:
                self._subjects -= subjects

    async def _write_all(self, batch: "Sequence[_QueuedWork[Work, Outcome]]") -> None:
        """Write a batch, and let each of it know what became of it, whatever that is."""
        try:
            outcomes = await self.write([each.work for each in batch])
        except Exception as error:
            for each in batch:
                each.fail(error)
        else:
            for each, outcome in zip(batch, outcomes, strict=True):
                each.succeed(outcome)
        finally:
            for each in batch:
                each.outcome.cancel()  # where there is no outcome, since the service ends

    def _take(self) -> Iterator[_QueuedWork[Work, Outcome]]:
        """The next batch: one of each agency in turn, as long as there are any.

        Of one subject only the first is taken. Who no longer waits for an answer is left out.
        """
        taken: set[Hashable] = set()
        passed: set[str] = set()
        count = 0
        while count < MOST and (agency := next((a for a in self._lines if a not in passed), None)):
            line = self._lines.pop(agency)
            waiting = self._first(line, taken)
            if line:  # behind the others
                self._lines[agency] = line
            if waiting is None:
                passed.add(agency)
                continue
            taken.add(waiting.subject)
            count += 1
            yield waiting

    def _first(
        self, line: deque[_QueuedWork[Work, Outcome]], taken: set[Hashable]
    ) -> _QueuedWork[Work, Outcome] | None:
        for waiting in list(line):
            if waiting.outcome.done():
                line.remove(waiting)
            elif waiting.subject not in taken and waiting.subject not in self._subjects:
                line.remove(waiting)
                return waiting
        return None
