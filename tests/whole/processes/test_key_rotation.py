"""Rotation and rewrapping as real processes, killed in the middle and two at once."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.database.logins import Urls
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.over_socket import SocketKeys
from app.adapters.keys.vault import binding
from app.domain.keys.ports import KeyServiceAway, WrappedKey

ROWS = 3_000
ROTATING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from app.adapters.keys.folder import KeyFolder
folder = KeyFolder(Path(sys.argv[1]))
while True:
    now = datetime.now(UTC)
    print(folder.add_master(now, now).version, flush=True)
"""


async def stock(owner: asyncpg.Pool, keys: FolderKeys) -> dict[UUID, bytes]:
    """Referrals with a key each, and the keys."""
    plain = {uuid4(): os.urandom(32) for _ in range(ROWS)}
    wrapped = await keys.wrap([(binding(r, "C0"), key) for r, key in plain.items()])
    ids = list(plain)
    await owner.execute(
        'INSERT INTO "case" SELECT i, 1, NULL, now() FROM unnest($1::uuid[]) AS i', ids
    )
    await owner.execute(
        "INSERT INTO referral (id, case_id, flow, reference, state, back, facts, opened_at)"
        " SELECT i, i, 'x', i::text, 'x', '{}', '{}', now() FROM unnest($1::uuid[]) AS i",
        ids,
    )
    await owner.execute(
        "INSERT INTO referral_key SELECT i, 'C0', 1, w FROM unnest($1::uuid[], $2::bytea[])"
        " AS rows (i, w)",
        *(ids, [each.wrapped for each in wrapped]),
    )
    return plain


async def start_rewrapping(urls: Urls, data: Path) -> Process:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {"TSUNAGU_DATABASE_URL": urls.owner, "TSUNAGU_DATA_DIR": str(data)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "keys", "rewrap"), env=environment, stdout=PIPE
    )


async def test_rewrapping_that_is_killed_is_finished_by_the_next_and_two_at_once_do_no_harm(
    new_database: Callable[[], Urls], tmp_path: Path
) -> None:
    urls, chance = new_database(), random.Random(7)
    folder = KeyFolder(tmp_path / "keys")
    folder.prepare(datetime.now(UTC))
    service = FolderKeys(folder, lambda: datetime.now(UTC))
    async with asyncpg.create_pool(urls.owner, min_size=1, max_size=2) as owner:
        plain = await stock(owner, service)
        erased = random.Random(1).sample(list(plain), 200)
        past = datetime.now(UTC) - timedelta(minutes=1)
        folder.add_master(past, past)
        for _ in range(2):
            killed = await start_rewrapping(urls, tmp_path)
            assert killed.stdout is not None
            for _ in range(chance.randint(1, 4)):
                assert await killed.stdout.readline()
            killed.send_signal(signal.SIGKILL)
            await killed.communicate()
            moved = "SELECT count(*) FROM referral_key WHERE master = 2"
            assert 0 < await owner.fetchval(moved) < ROWS
        both = [await start_rewrapping(urls, tmp_path) for _ in range(2)]
        await owner.execute("DELETE FROM referral_key WHERE referral_id = ANY ($1)", erased)
        for each in both:
            await each.communicate()
        assert [each.returncode for each in both] == [0, 0]
        rows = await owner.fetch("SELECT * FROM referral_key")
    assert {row["master"] for row in rows} == {2}
    assert {row["referral_id"] for row in rows} == plain.keys() - set(erased)
    asked = [(binding(r["referral_id"], "C0"), WrappedKey(2, r["wrapped"])) for r in rows]
    assert await service.unwrap(asked) == [plain[row["referral_id"]] for row in rows]


async def test_a_rotation_that_is_killed_leaves_a_whole_key_or_none(tmp_path: Path) -> None:
    folder = KeyFolder(tmp_path)
    folder.prepare(datetime.now(UTC))
    last = 1
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ROTATING, str(tmp_path)), stdout=PIPE
        )
        assert process.stdout is not None
        for _ in range(5):
            last = int(await process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        output, _ = await process.communicate()
        last = max([last, *map(int, output.split()[:-1])])
        versions = [key.version for key in folder.masters()]
        assert versions == list(range(1, len(versions) + 1))
        assert len(versions) >= last
    now = datetime.now(UTC)
    assert folder.add_master(now, now).version == len(versions) + 1
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".new-")]


async def test_a_key_service_that_is_killed_and_started_again_is_found_by_those_who_ask_it(
    tmp_path: Path,
) -> None:
    socket = Path(mkdtemp()) / "socket"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
    environment |= {"TSUNAGU_DATA_DIR": str(tmp_path)}

    async def start() -> Process:
        words = (sys.executable, "-m", "app.cli", "keys", "serve", "--socket", str(socket))
        process = await asyncio.create_subprocess_exec(*words, env=environment, stdout=PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline()
        return process

    first, asking = await start(), SocketKeys(str(socket))
    (stored,) = await asking.wrap([(b"owner", b"k" * 32)])
    first.send_signal(signal.SIGKILL)
    await first.communicate()
    with pytest.raises(KeyServiceAway):
        await asking.unwrap([(b"owner", stored)])
    second = await start()
    assert await asking.unwrap([(b"owner", stored)]) == [b"k" * 32]
    await asking.aclose()
    second.terminate()
    await second.communicate()
    assert second.returncode == 0
    names = sorted(os.listdir(tmp_path / "keys"))
    assert [name for name in names if name != ".lock"] == ["master-1.key"]
    assert not os.listdir(socket.parent)
