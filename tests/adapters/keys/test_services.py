"""Key services: the folder, and a process behind a socket. What holds for one holds for both."""

import asyncio
import json
import os
import stat
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.keys import over_socket
from app.adapters.keys.folder import KeyFolder, MasterWaits
from app.adapters.keys.in_process import FolderKeys, active
from app.adapters.keys.over_socket import SocketKeys, serving
from app.domain.keys.ports import (
    CannotOpen,
    KeyService,
    KeyServiceAway,
    MasterMissing,
    MasterUse,
    WrappedKey,
    master_use,
)

NOW = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
LATER = timedelta(minutes=10)
KEY, OWNER = b"k" * 32, b"whose it is"


class Place:
    """A key folder with one master key, a clock, and ticks that both stand until moved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = KeyFolder(path)
        self.now = NOW
        self.tick = 0.0
        self.folder.prepare(NOW)
        self.service = FolderKeys(self.folder, lambda: self.now, lambda: self.tick)

    def passes(self, time: timedelta) -> None:
        self.now += time
        self.tick += 1

    def rotate(self) -> int:
        return self.folder.add_master(self.now, self.now + LATER).version


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "keys")


@pytest.fixture
def socket() -> Path:
    """A short path: a socket's may have no more than a hundred characters."""
    return Path(mkdtemp()) / "socket"


@pytest.fixture(params=["folder", "socket"])
async def service(
    request: pytest.FixtureRequest, place: Place, socket: Path
) -> AsyncIterator[KeyService]:
    """The folder's keys, in this process or through a socket."""
    if request.param == "folder":
        yield place.service
        return
    async with serving(place.service, socket):
        asking = SocketKeys(str(socket))
        yield asking
        await asking.aclose()


async def test_a_key_comes_back_as_it_was_and_is_not_seen_in_what_is_stored(
    service: KeyService,
) -> None:
    keys = [(b"a", b"1" * 32), (b"b", b"2" * 32)]
    stored = await service.wrap(keys)
    assert [s.master for s in stored] == [1, 1]
    assert all(key not in s.wrapped for s, (_, key) in zip(stored, keys, strict=True))
    asked = [(owner, s) for s, (owner, _) in zip(stored, keys, strict=True)]
    assert await service.unwrap(asked) == [key for _, key in keys]


async def test_a_key_opens_for_nothing_but_what_it_is_bound_to(service: KeyService) -> None:
    (stored,) = await service.wrap([(OWNER, KEY)])
    changed = WrappedKey(1, stored.wrapped[:-1] + bytes([stored.wrapped[-1] ^ 1]))
    for owner, wrapped in ((b"another", stored), (OWNER, changed), (OWNER, WrappedKey(1, b"x"))):
        with pytest.raises(CannotOpen) as refused:
            await service.unwrap([(owner, wrapped)])
        assert refused.type is CannotOpen


async def test_a_master_key_that_is_not_here_is_told_from_a_broken_seal(
    service: KeyService,
) -> None:
    with pytest.raises(MasterMissing):
        await service.unwrap([(OWNER, WrappedKey(7, b"x" * 60))])


async def test_a_new_master_key_is_there_before_it_wraps_and_the_old_one_still_opens(
    service: KeyService, place: Place
) -> None:
    (old,) = await service.wrap([(OWNER, KEY)])
    assert place.rotate() == 2
    place.passes(LATER - timedelta(seconds=1))
    assert [(m.version, m.active) for m in await service.masters()] == [(1, True), (2, False)]
    assert [s.master for s in await service.wrap([(OWNER, KEY)])] == [1]
    place.passes(timedelta(seconds=1))
    assert [(m.version, m.active) for m in await service.masters()] == [(1, False), (2, True)]
    (new,) = await service.wrap([(OWNER, KEY)])
    assert new.master == 2
    assert await service.unwrap([(OWNER, old), (OWNER, new)]) == [KEY, KEY]


async def test_a_call_for_nothing_gives_nothing(service: KeyService) -> None:
    assert await service.wrap([]) == []
    assert await service.unwrap([]) == []


async def test_many_calls_at_once_get_each_its_own_answer(service: KeyService) -> None:
    keys = [bytes([n]) * 32 for n in range(100)]

    async def there_and_back(key: bytes) -> bytes:
        (stored,) = await service.wrap([(OWNER, key)])
        return (await service.unwrap([(OWNER, stored)]))[0]

    assert await asyncio.gather(*map(there_and_back, keys)) == keys


async def test_a_key_that_another_process_uses_already_is_looked_for_at_once(
    place: Place,
) -> None:
    place.rotate()
    elsewhere = FolderKeys(place.folder, lambda: NOW + LATER)
    (stored,) = await elsewhere.wrap([(OWNER, KEY)])
    assert await place.service.unwrap([(OWNER, stored)]) == [KEY]  # though no second has passed


async def test_a_half_copied_key_does_not_stop_a_service_that_has_good_ones(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    (stored,) = await place.service.wrap([(OWNER, KEY)])
    (place.path / "master-2.key").write_bytes(b"half")
    place.passes(LATER)
    assert await place.service.unwrap([(OWNER, stored)]) == [KEY]
    assert "cannot be read" in caplog.text


async def test_a_folder_that_went_away_takes_no_key_with_it_but_a_retired_one_is_forgotten(
    place: Place,
) -> None:
    (old,) = await place.service.wrap([(OWNER, KEY)])
    place.rotate()
    place.passes(LATER)
    (new,) = await place.service.wrap([(OWNER, KEY)])
    place.path.rename(place.path.parent / "away")
    place.passes(timedelta(0))
    assert await place.service.unwrap([(OWNER, old), (OWNER, new)]) == [KEY, KEY]
    (place.path.parent / "away").rename(place.path)
    place.folder.remove_master(1)
    place.passes(timedelta(0))
    with pytest.raises(MasterMissing):
        await place.service.unwrap([(OWNER, old)])
    assert await place.service.unwrap([(OWNER, new)]) == [KEY]


def test_a_second_new_master_key_waits_for_the_first(place: Place) -> None:
    place.rotate()
    with pytest.raises(MasterWaits):
        place.rotate()
    place.passes(LATER)
    assert place.rotate() == 3


def test_what_a_killed_writer_left_behind_is_cleared_away(place: Place) -> None:
    (place.path / ".new-left").write_bytes(b"half")
    place.rotate()
    assert not (place.path / ".new-left").exists()


@given(
    st.dictionaries(
        st.integers(1, 20), st.none() | st.integers(-5, 5).map(lambda n: NOW + n * LATER)
    )
)
def test_the_active_key_is_the_highest_whose_time_has_come(
    begins: dict[int, datetime | None],
) -> None:
    version = active(begins, NOW)
    begun = {version for version, begin in begins.items() if begin is None or begin <= NOW}
    if begun:
        assert version == max(begun)
    else:
        assert version == (min(begins) if begins else None)


@given(st.integers(1, 3), st.integers(0, 2), st.none() | st.integers(-80, 0), st.integers(0, 60))
def test_a_master_key_can_go_once_no_backup_holds_what_was_under_it(
    version: int, rows: int, unused: int | None, age: int
) -> None:
    since = None if unused is None else NOW + timedelta(days=unused)
    use = master_use(version, 2, rows, since, timedelta(days=age), NOW)
    past = rows == 0 and unused is not None and -unused >= age
    assert (
        use
        == {
            1: MasterUse.RETIRABLE if past else MasterUse.RETIRING,
            2: MasterUse.ACTIVE,
            3: MasterUse.NEXT,
        }[version]
    )


# --- what only a service elsewhere can do: be away, be slow, talk nonsense


async def test_a_service_that_is_not_there_is_away_and_is_found_again_when_it_is_back(
    place: Place, socket: Path
) -> None:
    asking = SocketKeys(str(socket))
    with pytest.raises(KeyServiceAway):
        await asking.wrap([(OWNER, KEY)])
    async with serving(place.service, socket):
        (stored,) = await asking.wrap([(OWNER, KEY)])
        assert await asking.unwrap([(OWNER, stored)]) == [KEY]
    await asking.aclose()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"keys": []}\n',
        b'{"keys": [[1]]}\n',
        b'{"keys": [["1", "?"]]}\n',
        b'{"error": "malformed"}\n',
        b'{"keys": [[1, "eA=="]]}',
    ],
)
async def test_an_answer_that_is_none_counts_as_away(socket: Path, said: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        writer.close()

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await asyncio.start_unix_server(serve, socket))
        asking = SocketKeys(str(socket))
        with pytest.raises(KeyServiceAway):
            await asking.wrap([(OWNER, KEY)])
        await asking.aclose()
        server.close()


async def test_nobody_waits_for_long_for_a_service_that_hangs_and_late_answers_mix_up_nothing(
    place: Place, socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_socket, "PATIENCE", 0.05)
    go_on = asyncio.Event()

    class Slow(FolderKeys):
        async def wrap(self, keys: object) -> list[WrappedKey]:
            await go_on.wait()
            return await super().wrap(keys)  # type: ignore[arg-type]

    slow = Slow(place.folder, lambda: NOW)
    async with serving(slow, socket):
        asking = SocketKeys(str(socket))
        with pytest.raises(KeyServiceAway):
            await asking.wrap([(OWNER, KEY)])
        monkeypatch.setattr(over_socket, "PATIENCE", 5.0)
        late = asyncio.create_task(asking.wrap([(b"the second", b"2" * 32)]))
        go_on.set()
        (stored,) = await late
        assert await asking.unwrap([(b"the second", stored)]) == [b"2" * 32]
        await asking.aclose()


@pytest.mark.parametrize(
    "asked",
    [
        b"no json",
        b"1",
        b"[]",
        b"{}",
        b'{"do": "masters of the universe"}',
        b'{"do": "wrap", "keys": [["?", "?"]]}',
        b'{"do": "unwrap", "keys": [["", 1e999, ""]]}',
        b'{"do": "unwrap", "keys": 1}',
        b"[" * 100_000,
    ],
)
async def test_nonsense_is_answered_as_such_and_the_next_question_is_heard(
    place: Place, socket: Path, asked: bytes
) -> None:
    async with serving(place.service, socket):
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(asked + b"\n" + b'{"do": "masters"}\n')
        assert json.loads(await reader.readline()) == {"error": "malformed"}
        assert json.loads(await reader.readline()) == {"masters": [[1, None, True]]}
        writer.close()


async def test_the_socket_is_for_its_owner_and_group_only_and_master_keys_never_cross_it(
    place: Place, socket: Path
) -> None:
    said: list[bytes] = []

    async def ask(question: object) -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(json.dumps(question).encode() + b"\n")
        said.append(await reader.readline())
        writer.close()

    async with serving(place.service, socket):
        assert stat.S_IMODE(os.stat(socket).st_mode) == 0o660
        await ask({"do": "masters"})
        await ask({"do": "wrap", "keys": [["", ""]]})
    (master,) = place.folder.masters()
    assert len(said) == 2
    assert all(b64encode(master.secret) not in line for line in said)
