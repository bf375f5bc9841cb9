"""What stands behind the address of the database: PostgreSQL, one of several, or a pooler."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from app.adapters.database.logins import Urls
from app.adapters.database.pool import PoolerUnsupported, open_pool

UNSUPPORTED = b"SFATAL\0C08P01\0Munsupported startup parameter: lock_timeout\0\0"
Change = Callable[[bytes], bytes]


def other_key(message: bytes) -> bytes:
    """What a pooler gives as the key of its own session, in place of the server's."""
    if message[:1] != b"K":
        return message
    return message[:5] + struct.pack("!i", struct.unpack("!i", message[5:9])[0] + 1) + message[9:]


def refusal(_message: bytes) -> bytes:
    """What PgBouncer says of the settings that a session is to begin with."""
    return b"E" + struct.pack("!i", 4 + len(UNSUPPORTED)) + UNSUPPORTED


def unchanged(message: bytes) -> bytes:
    return message


@asynccontextmanager
async def pooler(url: str, folder: Path, change: Change) -> AsyncIterator[str]:
    """An address before that of PostgreSQL, where answers at the start of a session are changed."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    behind = f"{query['host']}/.s.PGSQL.{query['port']}"

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = await asyncio.open_unix_connection(behind)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(copy(reader, down))
                both.create_task(answer(up, writer, change))
        finally:
            for each in (down, writer):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()
            ended.put_nowait(None)

    ended: asyncio.Queue[None] = asyncio.Queue()
    begun = 0

    async def count_and_forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal begun
        begun += 1
        await session(reader, writer)

    server = await asyncio.start_unix_server(count_and_forward, folder / ".s.PGSQL.5432")
    query |= {"host": str(folder), "port": "5432"}
    async with server:
        yield urlunsplit(parts._replace(query=urlencode(query)))
        for _ in range(begun):
            await ended.get()


async def answer(up: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Change) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await up.readexactly(5)
            rest = await up.readexactly(struct.unpack("!i", head[1:])[0] - 4)
            writer.write(change(head + rest))
    writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    with suppress(OSError):
        writer.write_eof()


@pytest.mark.parametrize("change", [other_key, refusal])
async def test_a_pooler_is_noticed_at_the_start_and_named(
    database: Urls, tmp_path: Path, change: Change
) -> None:
    async with pooler(database.api, tmp_path, change) as url:
        with pytest.raises(PoolerUnsupported, match="PgBouncer"):
            await open_pool(url, 2, "tests")


async def test_what_only_forwards_is_no_pooler(database: Urls, tmp_path: Path) -> None:
    async with pooler(database.api, tmp_path, unchanged) as url:
        pool = await open_pool(url, 2, "tests")
        assert await pool.fetchval("SELECT current_setting('lock_timeout')") == "1500ms"
        await pool.close()


async def test_of_several_hosts_one_that_takes_writes_is_chosen(
    database: Urls, tmp_path: Path
) -> None:
    parts = urlsplit(database.api)
    query = dict(parse_qsl(parts.query))
    query["host"] = f"{tmp_path},{query['host']}"  # nobody listens in the first
    query["port"] = f"5432,{query['port']}"
    pool = await open_pool(urlunsplit(parts._replace(query=urlencode(query))), 2, "tests")
    assert await pool.fetchval("SELECT NOT pg_is_in_recovery()")
    await pool.close()
