"""A log of its own for each test: entries are written as the service writes them."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.adapters.database.logins import Urls
from app.adapters.ids import time_ordered_id
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.audit import Audit, AuditResult, publics
from app.adapters.log.reading import Log
from app.adapters.log.sealer import Sealer

ORIGIN = "tsunagu.test/log"
START = datetime(2026, 11, 23, 1, tzinfo=UTC)


class Clock:
    """Moves on by a millisecond each time that it is asked."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class LogHarness:
    """A log in a database of its own, its keys, and who works with it."""

    urls: Urls
    folder: KeyFolder
    owner: asyncpg.Pool
    api: asyncpg.Pool
    worker: asyncpg.Pool
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.folder.prepare_log(self.clock())
        self.keys = CheckpointKeys(self.folder, ORIGIN)
        self.log = Log(self.api)

    def sealer(self) -> Sealer:
        """Another process's sealer."""
        return Sealer(self.worker, CheckpointKeys(self.folder, ORIGIN), ORIGIN, self.clock)

    async def write(self, count: int, *agencies: str, **more: Any) -> list[UUID]:
        """Write entries that name `agencies`, each in a transaction of its own."""
        ids = []
        for _ in range(count):
            at = self.clock()
            entry = {
                "id": str(time_ordered_id(at)),
                "kind": "acceptance",
                "agencies": agencies,
                "detail": {"digest": "sha256:" + "0" * 64},
                **more,
            }
            await self.owner.execute("SELECT write_log($1, $2)", at, json.dumps([entry]))
            ids.append(UUID(entry["id"]))
        return ids

    async def seal_all(self) -> int:
        """Seal until nothing waits, and say how many."""
        sealer, sealed = self.sealer(), 0
        while count := await sealer.seal():
            sealed += count
        return sealed

    async def audit(self) -> AuditResult:
        """Recompute the log."""
        async with self.owner.acquire() as connection:
            return await Audit(connection, publics(self.keys.public_keys())).run(lambda _: None)

    async def tamper(self, statement: str, *tables: str) -> None:
        """Change what cannot be changed, as only whoever owns the tables could."""
        async with self.owner.acquire() as connection, connection.transaction():
            for table in tables:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            await connection.execute(statement)
            for table in tables:
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


@pytest.fixture
async def harness(new_database: Callable[[], Urls], tmp_path: Path) -> AsyncIterator[LogHarness]:
    async with open_harness(new_database(), tmp_path) as harness:
        yield harness


def open_harness(urls: Urls, folder: Path) -> "_OpenHarness":
    """A log in this database."""
    return _OpenHarness(urls, folder)


class _OpenHarness:
    def __init__(self, urls: Urls, folder: Path) -> None:
        self._urls, self._folder = urls, folder

    async def __aenter__(self) -> LogHarness:
        self._pools = [
            await asyncpg.create_pool(url, min_size=0, max_size=8)
            for url in (self._urls.owner, self._urls.api, self._urls.worker)
        ]
        owner, api, worker = self._pools
        return LogHarness(self._urls, KeyFolder(self._folder / "keys"), owner, api, worker)

    async def __aexit__(self, *_: object) -> None:
        for pool in self._pools:
            await pool.close()
