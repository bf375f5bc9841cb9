"""Workers as real processes remind of what nobody has acknowledged, once however many they are."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from pathlib import Path

from app.adapters.keys.folder import KeyFolder
from tests.support.callers import seat
from tests.support.office import Office, office, saying
from tests.support.ready import PATIENCE, until_stoppable

__all__ = ["office"]

MONTHS_LATER = "2027-06-01T00:00:00+09:00"


async def worker(office: Office, data: Path) -> Process:
    """A worker, months after the office's clock."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {
        "TSUNAGU_WORKER_DATABASE_URL": office.urls.worker,
        "TSUNAGU_DATA_DIR": str(data),
        "TSUNAGU_CLOCK": MONTHS_LATER,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker", env=environment
    )


async def test_two_workers_tell_both_sides_overdue_and_then_failed(
    office: Office, tmp_path: Path
) -> None:
    KeyFolder(tmp_path / "keys").prepare(office.clock())
    opening = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(opening, seat("prison-fuchu"))
    reminders = (
        "SELECT agency_id, kind FROM inbox_item WHERE message_id = $1 AND kind LIKE 'delivery.%'"
        " ORDER BY agency_id, position"
    )
    unsettled = "SELECT count(*) FROM delivery_term WHERE next_at IS NOT NULL"
    workers = [await worker(office, tmp_path) for _ in range(2)]
    try:
        async with asyncio.timeout(PATIENCE):
            while await office.owner.fetchval(unsettled):  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.05)
        for each in workers:
            await until_stoppable(each)  # one may have told of everything before the other began
    finally:
        for each in workers:
            each.terminate()
        ended = [await each.wait() for each in workers]
    assert ended == [0, 0]
    rows = await office.owner.fetch(reminders, opening.id)
    assert [tuple(row) for row in rows] == [
        (agency, kind)
        for agency in ("prison-fuchu", "probation-13")
        for kind in ("delivery.overdue", "delivery.failed")
    ]
