"""A worker that is killed in the middle of an erasure has erased all of a referral, or nothing."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from app.adapters.database.logins import Urls, at_database
from app.adapters.keys.folder import KeyFolder
from tests.support.callers import seat
from tests.support.office import Office, office, saying
from tests.support.play import CENTER, TO_ASSESSING, special
from tests.support.ready import PATIENCE

__all__ = ["office"]

YEARS_LATER = "2032-06-01T00:00:00+09:00"
STANDING = """
    SELECT r.id, r.erased_at IS NOT NULL AS erased,
        (SELECT count(*) FROM referral_key k WHERE k.referral_id = r.id) AS keys,
        (SELECT count(*) FROM erasure e WHERE e.referral_id = r.id) AS erasures,
        (SELECT count(*) FROM log_entry l WHERE l.referral_id = r.id AND l.kind = 'erasure')
            AS told,
        (SELECT count(*) FROM retention t WHERE t.referral_id = r.id AND t.rule = 'case_closed')
            AS clocks
    FROM referral r WHERE r.id = ANY ($1) ORDER BY r.id
"""
BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
IN_THE_MIDDLE = f"{BACKENDS} wait_event_type = 'Lock' AND query LIKE"
WORKERS = f"{BACKENDS} application_name = 'tsunagu worker'"


async def worker(office: Office, data: Path) -> Process:
    """A worker, years after the office's clock."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {
        "TSUNAGU_WORKER_DATABASE_URL": office.urls.worker,
        "TSUNAGU_DATA_DIR": str(data),
        "TSUNAGU_CLOCK": YEARS_LATER,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "worker", env=environment
    )


async def until(connection: asyncpg.Connection | asyncpg.Pool, query: str, wanted: int) -> None:
    """Go on when the query gives this."""
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval(query) != wanted:  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.02)


async def close_referral(office: Office) -> UUID:
    referral = await special(office, TO_ASSESSING)
    close = saying("special_adjustment.close", referral, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    return referral


async def test_a_worker_killed_in_the_middle_leaves_everything_or_nothing(
    office: Office, server: tuple[str, Urls], tmp_path: Path
) -> None:
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(office.clock())
    referrals = [await close_referral(office) for _ in range(3)]
    before = await office.owner.fetch(STANDING, referrals)
    erasing = f"{IN_THE_MIDDLE} 'SELECT erase(%'"
    name = urlsplit(office.urls.owner).path[1:]
    admin = await asyncpg.connect(at_database(server[0], name))
    try:
        async with office.owner.acquire() as other, other.transaction():
            # The keys are already deleted when an erasure comes to the mailbox.
            await other.execute("SELECT FROM mailbox WHERE agency_id = $1 FOR UPDATE", CENTER)
            killed = await worker(office, tmp_path)
            await until(admin, erasing, 1)
            killed.kill()
            await killed.wait()
        # Its backend finds nobody there when the lock is free.
        await until(admin, WORKERS, 0)
        assert await office.owner.fetch(STANDING, referrals) == before
        again = await worker(office, tmp_path)
        due = "SELECT count(*) FROM retention WHERE rule = 'case_closed'"
        await until(office.owner, due, 0)
        again.terminate()
        assert await again.wait() == 0
    finally:
        await admin.close()
    for row in await office.owner.fetch(STANDING, referrals):
        assert (row["erased"], row["keys"], row["told"]) == (True, 0, 3)
        assert row["erasures"] == next(r["keys"] for r in before if r["id"] == row["id"])
