"""A key service in a process of its own, behind a Unix socket: both ends of it.

One line of JSON asks and one answers, in order; bytes are base64. `docs/en/keys.md` has the
protocol, so that anything else that speaks it can stand there too.

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
"""Seconds that an answer may take: as long as it is waited for, a submit waits."""
LONGEST = 4 * 1024 * 1024
"""Bytes of a line. The keys of a page of 50 messages are a twentieth of this."""

_REFUSALS: Mapping[str, type[CannotOpen]] = {
    "cannot_open": CannotOpen,
    "master_missing": MasterMissing,
}


class SocketKeys:
    """Asks the service at `path`. One connection serves all calls; a lost one is made again."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        """Keys as they may be stored."""
        answer = await self._ask({"do": "wrap", "keys": [[_text(a), _text(k)] for a, k in keys]})
        return _read(answer, "keys", lambda row: WrappedKey(int(row[0]), _bytes(row[1])), len(keys))

    async def unwrap(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes]:
        """The keys."""
        asked = [[_text(a), stored.master, _text(stored.wrapped)] for a, stored in keys]
        answer = await self._ask({"do": "unwrap", "keys": asked})
        return _read(answer, "keys", _bytes, len(keys))

    async def masters(self) -> list[Master]:
        """Every master key, by version."""
        answer = await self._ask({"do": "masters"})
        return _read(answer, "masters", _master)

    async def aclose(self) -> None:
        """Hang up."""
        if self._line is not None:
            await self._line.aclose()

    async def _ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE):
                line = await self._connected()
                answer = json.loads(await line.ask(json.dumps(question).encode() + b"\n"))
        except (OSError, ValueError):  # a timeout is an OSError
            raise KeyServiceAway("the key service does not answer") from None
        refused = answer.get("error") if isinstance(answer, dict) else "malformed"
        if refused is not None:
            # What it does not understand is for nobody to try again differently.
            raise _REFUSALS.get(refused, KeyServiceAway)("the key service refuses")
        found: Mapping[str, Any] = answer
        return found

    async def _connected(self) -> "_Line":
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
        """Whether nothing comes from there any more."""
        return self._reading.done()

    async def ask(self, question: bytes) -> bytes:
        """The answer to a line."""
        if self.lost:
            raise ConnectionResetError
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        # Both without a pause in between: so the places in the two queues are the same.
        self._waiting.append(answer)
        self._writer.write(question)
        return await answer

    async def aclose(self) -> None:
        """Hang up. Whoever waits for an answer is told that there is none."""
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            # A line without its end is the half of an answer.
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
    """Let others on this machine use `service` through a socket at `path`.

    Whoever may write to the socket may have any key opened: it is made for its owner and their
    group only, and its folder should let nobody else in.

    Raises:
        OSError: there can be no socket.
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
        return await _done(service, json.loads(line))
    except MasterMissing:
        return {"error": "master_missing"}
    except CannotOpen:
        return {"error": "cannot_open"}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return {"error": "malformed"}


async def _done(service: KeyService, asked: dict[str, Any]) -> dict[str, Any]:
    match asked["do"]:
        case "wrap":
            keys = [(_bytes(a), _bytes(k)) for a, k in asked["keys"]]
            return {"keys": [[w.master, _text(w.wrapped)] for w in await service.wrap(keys)]}
        case "unwrap":
            stored = [(_bytes(a), WrappedKey(int(m), _bytes(w))) for a, m, w in asked["keys"]]
            return {"keys": [_text(key) for key in await service.unwrap(stored)]}
        case "masters":
            found = await service.masters()
            return {
                "masters": [
                    [m.version, m.wraps_from.isoformat() if m.wraps_from else None, m.active]
                    for m in found
                ]
            }
        case _:
            raise ValueError("there is no such thing to do")


def _read(
    answer: Mapping[str, Any], name: str, row: Callable[[Any], T], many: int | None = None
) -> list[T]:
    try:
        found = [row(each) for each in answer[name]]
    except (LookupError, TypeError, ValueError):
        found = []
    if many not in {None, len(found)}:
        raise KeyServiceAway("the key service answers something else")
    return found


def _master(row: Sequence[Any]) -> Master:
    version, since, active = row
    return Master(int(version), datetime.fromisoformat(since) if since else None, bool(active))


def _text(content: bytes) -> str:
    return b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
