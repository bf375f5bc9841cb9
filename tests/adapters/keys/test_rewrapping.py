"""Rewrapping: keys go from an old master key to the active one while everything else goes on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.database.logins import Urls
from app.adapters.database.pool import open_pool
from app.adapters.directory.cache import load
from app.adapters.directory.seed import seed
from app.adapters.inbox.bell import Bell
from app.adapters.keys import rewrapping
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.master_keys import master_key_statuses
from app.adapters.keys.retirement import MasterKeyRetirement
from app.adapters.keys.rewrapping import Rewrapping
from app.adapters.keys.vault import Vault, binding
from app.adapters.referrals.decision_rows import DecisionWriter
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Reading
from app.adapters.webhooks.secrets import WebhookSecrets
from app.auth.receipts import ReceiptSigner
from app.auth.signing_keys import SigningKeys
from app.domain.keys.ports import MasterUse, WrappedKey
from tests.support.callers import seat
from tests.support.office import Clock, saying

PRISON, PROBATION = "prison-fuchu", "probation-13"
KEYS = "SELECT referral_id, class, master, wrapped FROM referral_key"
ERASE = "DELETE FROM referral_key WHERE referral_id = $1"
HOLD = (
    "INSERT INTO legal_hold (id, agency_id, case_id, referral_id, whole_case, reason, set_at,"
    " until)"
    " SELECT gen_random_uuid(), 'probation-13', case_id, id, false, 'litigation', now(),"
    " now() + interval '1 day' FROM referral WHERE id = $1"
)


@dataclass
class KeyHarness:
    """A service with a key folder of its own, in which master keys are changed."""

    folder: KeyFolder
    service: FolderKeys
    owner: asyncpg.Pool
    worker: asyncpg.Pool
    exchange: Exchange
    reading: Reading
    clock: Clock

    async def send(self, many: int) -> list[UUID]:
        """Openings, each with keys of its own."""
        sent = [saying("special_adjustment.notify_candidate") for _ in range(many)]
        await asyncio.gather(*(self.exchange.accept(m, seat(PRISON)) for m in sent))
        return [m.id for m in sent]

    async def readable(self, messages: list[UUID]) -> bool:
        """Whether the recipient can open every one of them, all that they may."""
        opened = await self.reading.open(seat(PROBATION), messages)
        return len(opened) == len(messages) and all(o.salts and not o.withheld for o in opened)

    def rotate(self) -> int:
        """A new master key, which wraps from now."""
        return self.folder.add_master(self.clock(), self.clock()).version

    def rewrapping(self, service: FolderKeys | None = None) -> Rewrapping:
        """As in a worker that has just been started."""
        return Rewrapping(self.worker, service or self.service, self.clock)

    async def under(self, master: int) -> int:
        """How many keys this master key wraps."""
        count: int = await self.owner.fetchval(
            "SELECT count(*) FROM referral_key WHERE master = $1", master
        )
        return count


@pytest.fixture
async def harness(new_database: Callable[[], Urls], tmp_path: Path) -> AsyncIterator[KeyHarness]:
    urls, clock = new_database(), Clock()
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(clock())
    service = FolderKeys(folder, clock, count().__next__)  # looks at the folder at each call
    async with (
        await open_pool(urls.api, 8, "tests") as pool,
        await open_pool(urls.worker, 4, "tests") as worker,
        asyncpg.create_pool(urls.owner, min_size=1, max_size=8) as owner,
    ):
        async with owner.acquire() as connection:
            await seed(connection)
            directory = await load(connection)
        writer = DecisionWriter(
            Vault(service), ReceiptSigner(SigningKeys(folder), clock), "https://t"
        )
        exchange = Exchange(pool, writer, lambda: directory, clock, Bell(pool, urls.api))
        reading = Reading(pool, Vault(service), clock)
        yield KeyHarness(folder, service, owner, worker, exchange, reading, clock)


async def rewrap_all(work: Rewrapping) -> int:
    """Rewrap until there is nothing to do."""
    while await work.step():
        pass
    return work.moved


async def test_keys_change_masters_while_messages_are_sent_and_read_and_nothing_fails(
    harness: KeyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 5)
    before = await harness.send(20)
    assert harness.rotate() == 2
    work = asyncio.create_task(rewrap_all(harness.rewrapping()))
    during: list[UUID] = []
    while not work.done():
        during += await harness.send(4)
        assert await harness.readable(before)
    assert await harness.under(1) == 0
    assert await harness.under(2) > 20
    assert await harness.readable(before)
    assert await harness.readable(during[:50])
    assert await work > 20


async def test_a_reader_who_holds_the_old_form_of_a_key_can_still_open_it(
    harness: KeyHarness,
) -> None:
    await harness.send(3)
    held = await harness.owner.fetch(KEYS)
    harness.rotate()
    await rewrap_all(harness.rewrapping())
    now = {(r["referral_id"], r["class"]): r for r in await harness.owner.fetch(KEYS)}
    for row in held:
        new = now[row["referral_id"], row["class"]]
        owner = binding(row["referral_id"], row["class"])
        both = [(owner, WrappedKey(r["master"], r["wrapped"])) for r in (row, new)]
        old_key, new_key = await harness.service.unwrap(both)
        assert old_key == new_key
        assert (row["master"], new["master"]) == (1, 2)


async def test_a_key_that_is_erased_between_reading_and_writing_does_not_come_back(
    harness: KeyHarness,
) -> None:
    erased, *kept = await harness.send(3)

    class Meanwhile(FolderKeys):
        async def wrap(self, keys: Any) -> list[WrappedKey]:
            await harness.owner.execute(ERASE, erased)
            return await super().wrap(keys)

    harness.rotate()
    meanwhile = Meanwhile(harness.folder, harness.clock)
    await rewrap_all(harness.rewrapping(meanwhile))
    rows = await harness.owner.fetch(KEYS)
    assert {row["referral_id"] for row in rows} == set(kept)
    assert {row["master"] for row in rows} == {2}


async def test_erasing_and_rewrapping_at_the_same_time_erases_all_that_was_to_be_erased(
    harness: KeyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 7)
    referrals = await harness.send(60)
    erased, kept = referrals[::2], referrals[1::2]
    harness.rotate()

    async def erase(some: list[UUID]) -> None:
        for first, second in zip(some[::2], some[1::2], strict=True):
            # Two at a time and in any order, as one act on several referrals has it.
            async with harness.owner.acquire() as connection, connection.transaction():
                await connection.execute(ERASE, first)
                await connection.execute(ERASE, second)

    pairs = [erased[:10], erased[10:20], erased[20:]]
    rewrappings = [rewrap_all(harness.rewrapping()) for _ in range(3)]
    await asyncio.gather(*rewrappings, *(erase(some) for some in pairs))
    await rewrap_all(harness.rewrapping())
    rows = await harness.owner.fetch(KEYS)
    assert {row["referral_id"] for row in rows} == set(kept)
    assert {row["master"] for row in rows} == {2}
    assert await harness.readable(kept)
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    assert await harness.owner.fetchval(deadlocks) == 0


async def test_a_key_that_a_legal_hold_keeps_goes_along_and_its_master_key_is_needed_still(
    harness: KeyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 2)
    kept, _ = await harness.send(2)
    await harness.owner.execute(HOLD, kept)
    before = {
        r["class"]: r for r in await harness.owner.fetch(f"{KEYS} WHERE referral_id=$1", kept)
    }
    await harness.owner.execute(ERASE, kept)
    (status,) = await master_key_statuses(harness.service, harness.owner)
    assert status.rows == await harness.under(1) + len(before)
    harness.rotate()
    await rewrap_all(harness.rewrapping())
    held = await harness.owner.fetch("SELECT referral_id, class, master, wrapped FROM held_key")
    assert {row["class"] for row in held} == set(before)
    assert {row["master"] for row in held} == {2}
    for row in held:
        forms = [WrappedKey(r["master"], r["wrapped"]) for r in (before[row["class"]], row)]
        owner = binding(kept, row["class"])
        old_key, new_key = await harness.service.unwrap([(owner, form) for form in forms])
        assert old_key == new_key
    await harness.owner.execute("DELETE FROM referral_key")
    samples = await harness.owner.fetch("SELECT * FROM sample_keys()")
    assert [(row["referral_id"], row["master"]) for row in samples] == [(kept, 2)]


async def test_a_row_that_somebody_holds_is_left_for_later_and_nobody_waits(
    harness: KeyHarness,
) -> None:
    first, second = await harness.send(2)
    harness.rotate()
    async with harness.owner.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT FROM referral_key WHERE referral_id = $1 FOR UPDATE", first
        )
        async with asyncio.timeout(10):
            await rewrap_all(harness.rewrapping())
        rows = await harness.owner.fetch(KEYS)
        assert {r["master"] for r in rows if r["referral_id"] == first} == {1}
        assert {r["master"] for r in rows if r["referral_id"] == second} == {2}
    await rewrap_all(harness.rewrapping())
    assert await harness.under(1) == 0


async def test_two_rewrappings_at_once_move_each_row_once(
    harness: KeyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 6)
    sent = await harness.send(40)
    rows = await harness.under(1)
    harness.rotate()
    moved = await asyncio.gather(*(rewrap_all(harness.rewrapping()) for _ in range(3)))
    assert sum(moved) == rows
    assert await harness.under(2) == rows
    assert await harness.readable(sent)


async def test_a_broken_key_stays_where_it_is_and_stops_no_other(
    harness: KeyHarness, caplog: pytest.LogCaptureFixture
) -> None:
    broken, *others = await harness.send(5)
    await harness.owner.execute(
        "UPDATE referral_key SET wrapped = '\\xdead' WHERE referral_id = $1 AND class = 'C0'",
        broken,
    )
    harness.rotate()
    await rewrap_all(harness.rewrapping())
    assert await harness.under(1) == 1
    assert await harness.readable(others)
    assert "cannot be opened" in caplog.text
    assert str(broken) not in caplog.text


async def test_what_lies_under_a_master_key_that_is_away_waits_for_it(harness: KeyHarness) -> None:
    await harness.send(2)
    harness.rotate()
    await harness.send(1)
    (away,) = harness.folder._path.glob("master-1*")
    away.rename(away.with_suffix(".away"))
    assert await rewrap_all(harness.rewrapping()) == 0
    away.with_suffix(".away").rename(away)
    assert await rewrap_all(harness.rewrapping()) > 0
    assert await harness.under(1) == 0


async def test_secrets_of_webhooks_go_along_the_old_one_too_and_a_new_one_is_not_undone(
    harness: KeyHarness,
) -> None:
    secrets = WebhookSecrets(harness.service)
    kept, changed = uuid4(), uuid4()
    await harness.owner.execute("""
        INSERT INTO seat VALUES ('s', 'probation-13', 'x', 'decider', '{C0}', now());
        INSERT INTO client VALUES ('c', 'probation-13', 'x', 'x', NULL, now());
    """)
    for hook in (kept, changed):
        new, old = await secrets.seal(hook, b"n" * 32), await secrets.seal(hook, b"o" * 32)
        await harness.owner.execute(
            "INSERT INTO webhook (id, agency_id, client_id, seat_id, url, master, secret,"
            " old_master, old_secret, state, created_at, changed_at)"
            " VALUES ($1, $2, 'c', 's', 'https://x', $3, $4, $5, $6, 'active', now(), now())",
            *(hook, PROBATION, new.master, new.wrapped, old.master, old.wrapped),
        )
    harness.rotate()
    later = await secrets.seal(changed, b"l" * 32)

    class Meanwhile(FolderKeys):
        async def wrap(self, keys: Any) -> list[WrappedKey]:
            await harness.owner.execute(
                "UPDATE webhook SET master = $2, secret = $3, old_master = NULL, old_secret = NULL"
                " WHERE id = $1",
                *(changed, later.master, later.wrapped),
            )
            return await super().wrap(keys)

    assert await rewrap_all(harness.rewrapping(Meanwhile(harness.folder, harness.clock))) == 2
    rows = {r["id"]: r for r in await harness.owner.fetch("SELECT * FROM webhook")}
    assert rows[changed]["secret"] == later.wrapped
    assert rows[changed]["old_secret"] is None
    row = rows[kept]
    assert (row["master"], row["old_master"]) == (2, 2)
    fresh = WebhookSecrets(harness.service)
    assert await fresh.open(kept, WrappedKey(2, row["secret"])) == b"n" * 32
    assert await fresh.open(kept, WrappedKey(2, row["old_secret"])) == b"o" * 32


async def test_a_master_key_can_go_when_backups_are_past_their_age_since_the_last_row_left_it(
    harness: KeyHarness,
) -> None:
    age = timedelta(days=35)

    async def use() -> MasterUse:
        (first, *_) = await master_key_statuses(harness.service, harness.owner)
        return first.use(age, harness.clock())

    sent = await harness.send(2)
    first_form = await harness.owner.fetch(KEYS)
    harness.rotate()
    assert await use() is MasterUse.RETIRING
    await rewrap_all(harness.rewrapping())
    assert await use() is MasterUse.RETIRING
    harness.clock.now += age
    assert await use() is MasterUse.RETIRABLE
    # A row comes back under it, from a restored backup or a slow clock: the age begins again.
    row = first_form[0]
    await harness.owner.execute(
        "UPDATE referral_key SET master = 1, wrapped = $3 WHERE referral_id = $1 AND class = $2",
        *(row["referral_id"], row["class"], row["wrapped"]),
    )
    assert await use() is MasterUse.RETIRING
    await rewrap_all(harness.rewrapping())
    assert await use() is MasterUse.RETIRING
    harness.clock.now += age - timedelta(seconds=1)
    await rewrap_all(harness.rewrapping())
    assert await use() is MasterUse.RETIRING
    harness.clock.now += timedelta(seconds=1)
    assert await use() is MasterUse.RETIRABLE
    assert await harness.readable(sent)


async def test_a_master_key_under_which_something_lies_and_that_is_not_there_is_told(
    harness: KeyHarness,
) -> None:
    await harness.send(1)
    harness.rotate()
    harness.folder.remove_master(1)
    (first, second) = await master_key_statuses(harness.service, harness.owner)
    assert (first.version, first.here, first.rows > 0 if first.rows else None) == (1, False, True)
    assert (second.version, second.here, second.rows) == (2, True, 0)


async def test_two_operators_let_a_master_key_go_and_a_worker_removes_it_when_backups_are_past(
    harness: KeyHarness,
) -> None:
    age = timedelta(days=35)
    sent = await harness.send(2)
    harness.rotate()

    async def approve() -> str:
        asked = {
            "version": 1,
            "agency_id": PROBATION,
            "act_id": str(uuid4()),
            "at": harness.clock().isoformat(),
        }
        found: str = await harness.owner.fetchval(
            "SELECT approve_retirement($1)", json.dumps(asked)
        )
        return found

    def worker() -> MasterKeyRetirement:
        return MasterKeyRetirement(harness.worker, harness.folder, age, harness.clock)

    with pytest.raises(asyncpg.CheckViolationError, match="only operators"):
        await approve()
    await harness.owner.execute(
        "INSERT INTO seat VALUES ($1 || '.op', $1, 'op', 'operator', '{}', now())", PROBATION
    )
    assert await approve() == "in_use"
    await rewrap_all(harness.rewrapping())
    assert (await approve(), await approve()) == ("done", "as_it_is")
    harness.clock.now += age - timedelta(seconds=1)
    assert await worker().step() == 0
    harness.clock.now += timedelta(seconds=1)
    assert await worker().step() == 1
    assert await worker().step() == 0
    assert [key.version for key in harness.folder.masters()] == [2]
    assert await harness.readable(sent)
    entries = "SELECT count(*) FROM log_entry WHERE detail ->> 'act' = 'master_key.retired'"
    assert await harness.owner.fetchval(entries) == 1


async def test_the_newest_master_key_stays_whatever_was_approved(harness: KeyHarness) -> None:
    await harness.owner.execute("INSERT INTO master_unused VALUES (1, '2000-01-01')")
    await harness.owner.execute("INSERT INTO master_retirement VALUES (1, $1, now())", uuid4())
    assert (
        await MasterKeyRetirement(
            harness.worker, harness.folder, timedelta(0), harness.clock
        ).step()
        == 0
    )
    assert [key.version for key in harness.folder.masters()] == [1]
