"""Waiting for a process that has just been started."""

import asyncio
import re
import signal
from asyncio.subprocess import Process
from pathlib import Path

import httpx

PATIENCE = 60.0


async def until_ready(client: httpx.AsyncClient) -> None:
    """Wait until the service answers, and has all that it needs."""
    async with asyncio.timeout(PATIENCE):
        while not await _is_ready(client):  # noqa: ASYNC110 - another process rings no bell
            await asyncio.sleep(0.05)


async def until_stoppable(process: Process) -> None:
    """Wait until the process handles SIGTERM: from then on it stops in an orderly way."""
    async with asyncio.timeout(PATIENCE):
        while not _handles(process.pid, signal.SIGTERM):
            assert process.returncode is None, f"it ended with {process.returncode}"
            await asyncio.sleep(0.01)


def _handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, as Linux reports it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
