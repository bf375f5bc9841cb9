"""Waiting for a process that has just been started."""

import asyncio

import httpx

PATIENCE = 60.0


async def until_ready(client: httpx.AsyncClient) -> None:
    """Wait until the service answers, and has all that it needs."""
    async with asyncio.timeout(PATIENCE):
        while not await _is_ready(client):  # noqa: ASYNC110 - another process rings no bell
            await asyncio.sleep(0.05)


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False
