"""After an erasure its keys and days lie in no file of the database, nor in its WAL."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.database.migrations import migrate
from app.adapters.database.pool import Pool, open_pool
from app.adapters.database.rights import GRANTS
from app.adapters.embedded_postgres import server
from app.adapters.embedded_postgres.server import EmbeddedPostgres
from app.adapters.erasure.jobs import jobs
from app.adapters.erasure.overwriting import ONE_AT_A_TIME, TABLES, Incomplete, KeyOverwriting
from app.adapters.job import PeriodicJob
from app.settings import Settings

Admin = asyncpg.Connection
ROOT = Path(__file__).parents[3]
WORKER = """
import asyncio, sys
from datetime import UTC, datetime
from app.adapters.database.pool import open_pool
from app.adapters.erasure.overwriting import KeyOverwriting

async def overwrite():
    pool = await open_pool(sys.argv[1], 1, "overwriting")
    await KeyOverwriting(pool, lambda: datetime.now(UTC)).run()

asyncio.run(overwrite())
"""
"""A process that overwrites, as a worker does."""


@dataclass
class Cluster:
    """A server of its own, whose whole data folder is looked through."""

    data: Path
    postgres: EmbeddedPostgres
    admin: Admin
    worker: Pool

    def files_with(self, content: bytes) -> list[str]:
        """The files of the data folder that hold these bytes."""
        files = [path for path in self.data.rglob("*") if path.is_file()]
        return [str(p.relative_to(self.data)) for p in files if _holds(p, content)]

    def overwriting(self) -> KeyOverwriting:
        return KeyOverwriting(self.worker, lambda: datetime.now(UTC))

    async def write_key(self, referral: UUID | None = None) -> bytes:
        """A wrapped key whose bytes are found again."""
        wrapped = secrets.token_bytes(60)
        await self.admin.execute(
            "INSERT INTO referral_key VALUES ($1, 'C1', 1, $2)", referral or uuid4(), wrapped
        )
        return wrapped

    async def erase(self, wrapped: bytes) -> UUID:
        """Delete a key as an erasure does, with the row that says so; the referral."""
        async with self.admin.transaction():
            referral: UUID = await self.admin.fetchval(
                "DELETE FROM referral_key WHERE wrapped = $1 RETURNING referral_id", wrapped
            )
            await self.admin.execute(
                "INSERT INTO erasure VALUES ($1, 'C1', now(), 'refused', NULL, now())", referral
            )
        return referral

    async def overwritten(self, referral: UUID) -> bool:
        """Whether the erasure is noted as overwritten."""
        noted: bool = await self.admin.fetchval(
            "SELECT overwritten_at IS NOT NULL FROM erasure WHERE referral_id = $1", referral
        )
        return noted


def _holds(path: Path, content: bytes) -> bool:
    try:
        return content in path.read_bytes()
    except FileNotFoundError:  # removed meanwhile
        return False


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home) as embedded:
        migrate(embedded.urls.owner)
        yield embedded


@pytest.fixture
async def cluster(home: Path, postgres: EmbeddedPostgres) -> AsyncIterator[Cluster]:
    admin = await _admin(postgres)
    worker = await open_pool(postgres.urls.worker, 2, "overwriting")
    yield Cluster(home / "postgres" / "data", postgres, admin, worker)
    await admin.close()
    worker.terminate()


async def _admin(postgres: EmbeddedPostgres) -> Admin:
    """The administrator, whom neither row security nor foreign keys bind."""
    name = postgres.urls.owner.rpartition("/")[2]
    admin = await asyncpg.connect(f"{postgres.admin_url.rpartition('/')[0]}/{name}")
    await admin.execute("SET session_replication_role = replica")
    return admin


async def test_an_erased_key_and_what_it_was_before_lie_in_no_file(cluster: Cluster) -> None:
    erased, kept = await cluster.write_key(), await cluster.write_key()
    before = await cluster.write_key()
    rewrapped = secrets.token_bytes(60)
    await cluster.admin.execute(
        "UPDATE referral_key SET master = 2, wrapped = $2 WHERE wrapped = $1", before, rewrapped
    )
    for _ in range(50):
        await cluster.write_key()
    await cluster.admin.execute("ANALYZE referral_key")
    await cluster.admin.execute("CHECKPOINT")
    referral = await cluster.erase(erased)
    await cluster.admin.execute("VACUUM referral_key")
    assert cluster.files_with(erased)
    assert cluster.files_with(before)
    await cluster.overwriting().run()
    assert cluster.files_with(erased) == cluster.files_with(before) == []
    assert cluster.files_with(kept)
    assert cluster.files_with(rewrapped)
    assert await cluster.overwritten(referral)


@pytest.mark.parametrize(
    ("insert", "delete"),
    [
        (
            "INSERT INTO deadline VALUES (gen_random_uuid(), 'x', $1, now())",
            "DELETE FROM deadline WHERE kind = $1",
        ),
        (
            "INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients,"
            " classes, valid_from) SELECT gen_random_uuid(), gen_random_uuid(),"
            " gen_random_uuid(), gen_random_uuid(), $1, '{}', '{}', now()",
            "DELETE FROM consent WHERE purpose = $1",
        ),
        (
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, master, secret, state,"
            " created_at, changed_at) VALUES (gen_random_uuid(), 'x', 'x', 'x',"
            " 'https://x.example/', 1, $1::text::bytea, 'active', now(), now())",
            "DELETE FROM webhook WHERE secret = $1::text::bytea",
        ),
    ],
    ids=["deadlines", "consents", "secrets of webhooks"],
)
async def test_other_rows_that_are_deleted_lie_in_no_file(
    cluster: Cluster, insert: str, delete: str
) -> None:
    words = secrets.token_hex(20)
    await cluster.admin.execute(insert, words)
    await cluster.admin.execute("CHECKPOINT")
    await cluster.admin.execute(delete, words)
    assert cluster.files_with(words.encode())
    await cluster.overwriting().run()
    assert cluster.files_with(words.encode()) == []


async def test_what_an_older_snapshot_can_see_is_not_noted_as_overwritten(cluster: Cluster) -> None:
    erased = await cluster.write_key()
    old = await _admin(cluster.postgres)
    async with old.transaction(isolation="repeatable_read"):
        await old.fetchval("SELECT count(*) FROM act")
        referral = await cluster.erase(erased)
        with pytest.raises(Incomplete, match="old_snapshot"):
            await cluster.overwriting().run()
        assert cluster.files_with(erased)
        assert await old.fetchval("SELECT wrapped FROM referral_key WHERE wrapped = $1", erased)
    await old.close()
    assert not await cluster.overwritten(referral)
    await cluster.overwriting().run()
    assert cluster.files_with(erased) == []


async def test_what_is_erased_during_a_run_is_left_to_the_next(cluster: Cluster) -> None:
    early, late = [await cluster.write_key() for _ in range(2)]
    first = await cluster.erase(early)
    async with cluster.admin.transaction():
        await cluster.admin.execute("LOCK TABLE overwriting IN ACCESS EXCLUSIVE MODE")
        run = asyncio.create_task(cluster.overwriting().run())
        other = await _admin(cluster.postgres)
        await _until_one_waits(other)
        second = await Cluster(cluster.data, cluster.postgres, other, cluster.worker).erase(late)
        await other.close()
    await run
    assert (await cluster.overwritten(first), await cluster.overwritten(second)) == (True, False)


async def test_a_worker_that_is_killed_has_noted_nothing_and_the_next_begins_anew(
    cluster: Cluster,
) -> None:
    erased = await cluster.write_key()
    referral = await cluster.erase(erased)
    async with cluster.admin.transaction():
        await cluster.admin.execute("LOCK TABLE consent IN ACCESS SHARE MODE")
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, cluster.postgres.urls.worker, cwd=ROOT
        )
        other = await _admin(cluster.postgres)
        await _until_one_waits(other)
        await other.close()
        killed.kill()
        await killed.wait()
    assert not await cluster.overwritten(referral)
    await _until_nobody_overwrites(cluster.admin)
    await cluster.overwriting().run()
    assert cluster.files_with(erased) == []
    assert await cluster.overwritten(referral)


async def test_a_table_in_use_is_tried_again_and_nobody_waits_long(cluster: Cluster) -> None:
    ticks = 0.0
    overwriting = KeyOverwriting(
        cluster.worker, lambda: datetime.now(UTC) + timedelta(days=2), ticks=lambda: ticks
    )
    referral = await cluster.erase(await cluster.write_key())
    async with cluster.admin.transaction():
        await cluster.admin.execute("LOCK TABLE referral_key IN ACCESS SHARE MODE")
        assert await overwriting.step() == 0
    assert await overwriting.step() == 0  # too early
    assert not await cluster.overwritten(referral)
    ticks = 61.0
    assert await overwriting.step() == 1
    assert await cluster.overwritten(referral)
    ticks = 200.0
    assert await overwriting.step() == 0  # not due


async def test_keys_are_read_and_written_while_their_table_is_written_anew(
    cluster: Cluster,
) -> None:
    key = uuid4()
    await cluster.write_key(key)
    reader = await asyncpg.create_pool(cluster.postgres.urls.owner, min_size=4, max_size=4)
    stop = asyncio.Event()

    async def read() -> int:
        count = 0
        while not stop.is_set():
            async with reader.acquire() as connection, connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '1500ms'")
                assert await connection.fetchval(
                    "SELECT wrapped FROM referral_key WHERE referral_id = $1", key
                )
            count += 1
        return count

    readers = [asyncio.create_task(read()) for _ in range(4)]
    for _ in range(3):
        erased = await cluster.write_key()
        await cluster.erase(erased)
        await cluster.overwriting().run()
        assert cluster.files_with(erased) == []
    stop.set()
    assert all(await asyncio.gather(*readers))
    await reader.close()


async def test_the_worker_has_the_job(cluster: Cluster) -> None:
    erased = await cluster.write_key()
    referral = await cluster.erase(erased)
    settings = Settings(clock=timedelta(days=2))
    for job in jobs(
        cluster.worker,
        settings.running_clock(),
        settings.periods,
        settings.key_backup_age,
        settings.overwrite_within,
        settings.overwrite_pause,
    ):
        assert isinstance(job, PeriodicJob)
        await job.step()
    assert cluster.files_with(erased) == []
    assert await cluster.overwritten(referral)


async def test_one_worker_overwrites_at_a_time(cluster: Cluster) -> None:
    async with cluster.worker.acquire() as other:
        await other.fetchval("SELECT pg_advisory_lock($1)", ONE_AT_A_TIME)
        with pytest.raises(Incomplete, match="another_worker"):
            await cluster.overwriting().run()
        await other.fetchval("SELECT pg_advisory_unlock($1)", ONE_AT_A_TIME)
    await cluster.overwriting().run()
    assert await cluster.admin.fetchval("SELECT pg_try_advisory_lock($1)", ONE_AT_A_TIME)
    assert await cluster.admin.fetchval("SELECT pg_advisory_unlock($1)", ONE_AT_A_TIME)


async def test_without_its_rights_a_worker_notes_nothing(cluster: Cluster) -> None:
    referral = await cluster.erase(await cluster.write_key())
    await cluster.admin.execute("REVOKE EXECUTE ON FUNCTION pg_switch_wal() FROM tsunagu_worker")
    try:
        with pytest.raises(Incomplete, match="overwriting_rights"):
            await cluster.overwriting().run()
        figures = await cluster.admin.fetchval("SELECT overwriting_figures(now())->'obstacles'")
        assert figures == '["overwriting_rights"]'
    finally:
        await cluster.admin.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO tsunagu_worker")
    assert not await cluster.overwritten(referral)


async def test_a_server_killed_while_it_writes_a_table_leaves_a_copy_that_is_noticed(
    tmp_path: Path,
) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        await asyncio.to_thread(migrate, postgres.urls.owner)
        admin = await _admin(postgres)
        worker = await open_pool(postgres.urls.worker, 2, "overwriting")
        cluster = Cluster(tmp_path / "postgres" / "data", postgres, admin, worker)
        erased = await cluster.write_key()
        victim = await _admin(postgres)
        transaction = victim.transaction()
        await transaction.start()
        await victim.execute("SELECT rewrite_table('referral_key')")
        await admin.execute("CHECKPOINT")
        os.kill(victim.get_server_pid(), signal.SIGKILL)
        worker.terminate()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await admin.fetchval("SELECT pg_sleep(30)")  # the server ends every session
        admin = await _until_up(postgres)
        worker = await open_pool(postgres.urls.worker, 2, "overwriting")
        cluster = Cluster(cluster.data, postgres, admin, worker)
        referral = await cluster.erase(erased)
        with pytest.raises(Incomplete) as incomplete:
            await cluster.overwriting().run()
        assert incomplete.value.reason == "unknown_files"
        (left,) = cluster.files_with(erased)
        assert Path(left).name in incomplete.value.files
        assert not await cluster.overwritten(referral)
        for name in incomplete.value.files:
            (cluster.data / left).with_name(name).unlink()
        await cluster.overwriting().run()
        assert cluster.files_with(erased) == []
        assert await cluster.overwritten(referral)
        await admin.close()
        worker.terminate()


async def _until_one_waits(admin: Admin) -> None:
    """Return when a session waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(10):
        while not await admin.fetchval(waiting):
            await admin.fetchval("SELECT pg_sleep(0.01)")


async def _until_nobody_overwrites(admin: Admin) -> None:
    """Return when the server has noticed that a worker is gone, and released its lock."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    async with asyncio.timeout(10):
        while await admin.fetchval(held):
            await admin.fetchval("SELECT pg_sleep(0.01)")


async def _until_up(postgres: EmbeddedPostgres) -> Admin:
    async with asyncio.timeout(30):
        while True:
            try:
                return await _admin(postgres)
            except (asyncpg.PostgresError, OSError):
                await asyncio.sleep(0.05)


async def test_wal_that_an_older_release_kept_to_be_used_again_is_discarded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(server.CONFIGURATION, "wal_recycle", "on")
        with EmbeddedPostgres(tmp_path) as postgres:
            await asyncio.to_thread(migrate, postgres.urls.owner)
            admin = await _admin(postgres)
            worker = await open_pool(postgres.urls.worker, 2, "overwriting")
            cluster = Cluster(tmp_path / "postgres" / "data", postgres, admin, worker)
            with pytest.raises(Incomplete, match="wal_recycle"):
                await cluster.overwriting().run()
            erased = []
            for _ in range(6):
                erased.append(await cluster.write_key())
                await admin.execute("SELECT pg_switch_wal()")
            for _ in range(2):
                await admin.execute("CHECKPOINT")
            referrals = [await cluster.erase(each) for each in erased]
            assert any("pg_wal/" in str(cluster.files_with(each)) for each in erased)
            for grant in GRANTS:  # nor did that release give the worker these rights
                await admin.execute(grant.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
            await admin.close()
            worker.terminate()
    (tmp_path / "postgres" / "granted.sql").unlink()
    with EmbeddedPostgres(tmp_path) as postgres:
        admin = await _admin(postgres)
        worker = await open_pool(postgres.urls.worker, 2, "overwriting")
        cluster = Cluster(cluster.data, postgres, admin, worker)
        assert any(cluster.files_with(each) for each in erased)
        await cluster.overwriting().run()
        assert [cluster.files_with(each) for each in erased] == [[]] * len(erased)
        assert all([await cluster.overwritten(each) for each in referrals])
        await admin.close()
        worker.terminate()


async def test_every_table_with_wrapped_keys_is_written_anew_and_its_keys_are_not_sampled(
    cluster: Cluster,
) -> None:
    columns = await cluster.admin.fetch("""
        SELECT a.attrelid::regclass::text AS table, a.attname AS name, a.attstattarget AS samples
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
            AND a.atttypid = 'bytea'::regtype AND EXISTS (SELECT FROM pg_attribute m
                WHERE m.attrelid = a.attrelid AND m.attname = 'master')
    """)
    assert {row["table"] for row in columns} == {"referral_key", "held_key", "webhook"}
    assert {row["table"] for row in columns} <= set(TABLES)
    assert {row["samples"] for row in columns} == {0}
    for table in TABLES:
        await cluster.admin.execute("SELECT rewrite_table($1)", table)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_for_operators_grants_every_right(language: str) -> None:
    page = (ROOT / "docs" / language / "operation.md").read_text("utf-8")
    assert [grant for grant in GRANTS if f"{grant};\n" not in page] == []
