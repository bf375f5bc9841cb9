"""A key service in another process, over a Unix socket: the client and the server.

One line of JSON asks and one answers, in order; bytes are base64. `docs/en/keys.md` has the
protocol, so that another program can serve it.

    {"do": "wrap", "keys": [[bound, key], …]}               → {"keys": [[version, wrapped], …]}
    {"do": "unwrap", "keys": [[bound, version, wrapped], …]} → {"keys": [key, …]}
    {"do": "masters"}                → {"masters": [[version, since or null, active], …]}
    refused                          → {"error": "cannot_open" | "master_missing" | "malformed"}
"""

import asyncio
import json
import os
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from app.domain.keys.ports import (
    CannotOpen,
    KeyService,
    KeyServiceAway,
    Master,
    MasterMissing,
    WrappedKey,
)

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds to wait for an answer: a submit waits as long."""
LONGEST = 4 * 1024 * 1024
"""Bytes of a line. The keys of a page of 50 messages are a twentieth of this."""

_REFUSALS: Mapping[str, type[CannotOpen]] = {
    "cannot_open": CannotOpen,
    "master_missing": MasterMissing,
}


class SocketKeys:
    """Calls the key service at `path`, over one connection, which is reopened when it is lost."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        """Wrap keys, to be stored."""
        answer = await self._ask({"do": "wrap", "keys": [[_text(a), _text(k)] for a, k in keys]})
        return _read(answer, "keys", lambda row: WrappedKey(int(row[0]), _bytes(row[1])), len(keys))

    async def unwrap(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes]:
        """Unwrap keys."""
        rows = [[_text(a), stored.master, _text(stored.wrapped)] for a, stored in keys]
        answer = await self._ask({"do": "unwrap", "keys": rows})
        return _read(answer, "keys", _bytes, len(keys))

    async def masters(self) -> list[Master]:
        """Every master key, by version."""
        answer = await self._ask({"do": "masters"})
        return _read(answer, "masters", _master)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._line is not None:
            await self._line.aclose()

    async def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE):
                line = await self._connect()
                answer = json.loads(await line.ask(json.dumps(question).encode() + b"\n"))
        except (OSError, ValueError):  # a timeout is an OSError
            raise KeyServiceAway("the key service does not answer") from None
        refused = answer.get("error") if isinstance(answer, dict) else "malformed"
        if refused is not None:
            # Any other error counts as an outage: the caller can do nothing about it.
            raise _REFUSALS.get(refused, KeyServiceAway)("the key service refuses")
        accepted: Mapping[str, Any] = answer
        return accepted

    async def _connect(self) -> "_Line":
        async with self._opening:
            if self._line is None or self._line.lost:
                self._line = _Line(*await asyncio.open_unix_connection(self._path, limit=LONGEST))
            return self._line


class _Line:
    """A connection on which answers come in the order of the questions."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._reading = asyncio.create_task(self._read())

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._reading.done()

    async def ask(self, question: bytes) -> bytes:
        """Send a line, and wait for its answer."""
        if self.lost:
            raise ConnectionResetError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # No await between these two, so that answers and questions stay in the same order.
        self._waiting.append(answer)
        self._writer.write(question)
        return await answer

    async def aclose(self) -> None:
        """Close. Calls that wait for an answer end with a ConnectionResetError."""
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            # A line without its end is half an answer.
            while (line := await self._reader.readline()).endswith(b"\n"):
                answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result(line)
        except (OSError, ValueError, IndexError):
            pass
        finally:
            self._writer.close()
            for answer in self._waiting:
                if not answer.done():
                    answer.set_exception(ConnectionResetError())


@asynccontextmanager
async def serving(service: KeyService, path: Path) -> AsyncIterator[None]:
    """Serve `service` to other processes of this machine through a socket at `path`.

    Whoever may write to the socket can unwrap any key. The socket is for its owner and their group
    only, and its folder should be closed to everybody else.

    Raises:
        OSError: the socket cannot be made.
    """

    open_lines: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                writer.write(json.dumps(await _answer(service, line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):  # ValueError: a line that is too long
            pass
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        open_lines.add(task)
        task.add_done_callback(open_lines.discard)

    with suppress(FileNotFoundError):
        os.unlink(path)
    before = os.umask(0o117)
    try:
        server = await asyncio.start_unix_server(begin, path, limit=LONGEST)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        for task in open_lines:
            task.cancel()
        await asyncio.gather(*open_lines, return_exceptions=True)
        with suppress(FileNotFoundError):
            os.unlink(path)


async def _answer(service: KeyService, line: bytes) -> dict[str, Any]:
    try:
        return await _execute(service, json.loads(line))
    except MasterMissing:
        return {"error": "master_missing"}
    except CannotOpen:
        return {"error": "cannot_open"}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return {"error": "malformed"}


async def _execute(service: KeyService, request: dict[str, Any]) -> dict[str, Any]:
    match request["do"]:
        case "wrap":
            keys = [(_bytes(a), _bytes(k)) for a, k in request["keys"]]
            return {"keys": [[w.master, _text(w.wrapped)] for w in await service.wrap(keys)]}
        case "unwrap":
            stored = [(_bytes(a), WrappedKey(int(m), _bytes(w))) for a, m, w in request["keys"]]
            return {"keys": [_text(key) for key in await service.unwrap(stored)]}
        case "masters":
            masters = await service.masters()
            return {
                "masters": [
                    [m.version, m.wraps_from.isoformat() if m.wraps_from else None, m.active]
                    for m in masters
                ]
            }
        case _:
            raise ValueError("there is no such thing to do")


def _read(
    answer: Mapping[str, Any], name: str, row: Callable[[Any], T], many: int | None = None
) -> list[T]:
    try:
        rows = [row(each) for each in answer[name]]
    except (LookupError, TypeError, ValueError):
        rows = []
    if many not in {None, len(rows)}:
        raise KeyServiceAway("the key service answers something else")
    return rows


def _master(row: Sequence[Any]) -> Master:
    version, since, active = row
    return Master(int(version), datetime.fromisoformat(since) if since else None, bool(active))


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
