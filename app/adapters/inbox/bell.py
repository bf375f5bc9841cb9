"""The bell: wakes the calls that wait for an agency's inbox, once an item is committed.

It is rung after the commit, never within it: NOTIFY inside a transaction takes a lock over the
whole server and switches group commit off. A ring that is lost costs at most a second, since
a waiting call reads the inbox again by itself.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

CHANNEL = "tsunagu_inbox"
GATHERING = 0.02
"""Seconds in which rings are gathered into one notification. This process does not wait for it."""
RETRY = 1.0
LONGEST = 7_900
"""Bytes of a notification; PostgreSQL takes 8,000."""

_log = logging.getLogger(__name__)


class Bell:
    """Rings in this process at once, and in the others by NOTIFY."""

    def __init__(self, pool: "Pool", url: str) -> None:
        self._pool = pool
        self._url = url
        self._waiting: defaultdict[str | None, set[asyncio.Event]] = defaultdict(set)
        self._to_notify: set[str] = set()
        self._pending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to listen, and to notify other processes."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._notify())]

    async def stop(self) -> None:
        """End all waits, and stop."""
        for events in self._waiting.values():
            for event in events:
                event.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ring(self, agencies: Iterable[str]) -> None:
        """Wake the calls that wait for these agencies, for whom an item was committed."""
        for agency in agencies:
            self._wake(agency)
            self._to_notify.add(agency)
        if self._to_notify:
            self._pending.set()

    @contextlib.contextmanager
    def subscribe(self, agency: str | None) -> Iterator[asyncio.Event]:
        """An event that is set when the bell rings for `agency`; None: for any agency."""
        event = asyncio.Event()
        self._waiting[agency].add(event)
        try:
            yield event
        finally:
            self._waiting[agency].discard(event)
            if not self._waiting[agency]:
                del self._waiting[agency]

    def _wake(self, agency: str) -> None:
        for key in (agency, None):
            for event in self._waiting.get(key, ()):
                event.set()

    async def _notify(self) -> None:
        while True:
            await self._pending.wait()
            await asyncio.sleep(GATHERING)
            self._pending.clear()
            agencies, self._to_notify = self._to_notify, set()
            try:
                await ring(self._pool, agencies)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                _log.warning("the bell could not be rung in other processes")

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                _log.warning("the bell is not heard from other processes; trying again")
            await asyncio.sleep(RETRY)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(self._url)
        closed = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: closed.set())
            await connection.add_listener(CHANNEL, self._on_notification)
            await closed.wait()
        finally:
            connection.terminate()

    def _on_notification(
        self, _connection: object, _pid: int, _channel: str, payload: object
    ) -> None:
        for agency in str(payload).split(","):
            self._wake(agency)


async def ring(pool: "Pool", agencies: Iterable[str]) -> None:
    """Ring for these agencies in all processes. For callers without a `Bell`, as the worker."""
    for text in _pack(agencies):
        await pool.execute("SELECT pg_notify($1, $2)", CHANNEL, text)


def _pack(agencies: Iterable[str]) -> list[str]:
    """The agencies, comma-separated, in as few texts as fit."""
    texts: list[str] = []
    for agency in sorted(agencies):
        if texts and len(texts[-1]) + len(agency) < LONGEST:
            texts[-1] += f",{agency}"
        else:
            texts.append(agency)
    return texts
