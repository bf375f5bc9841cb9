"""Long bodies are read in threads, one of each agency at a time."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from threading import Event
from typing import Any

import pytest
from httpx import AsyncClient

from app.api.wire import json_body
from app.api.wire.json_body import JsonBody
from app.api.wire.refused_work import ReadingTime
from tests.support.service import Speak

NAMES = {f"unknown_{n:05}": n for n in range(2_000)}
AGENCIES = ("prison-fuchu", "probation-13")


async def test_of_an_agency_one_long_body_is_read_at_a_time_and_others_do_not_wait(
    speak: Speak, opening: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    go, entered, real = Event(), [], json_body.parse

    def parse_when_told(raw: bytes, time: ReadingTime) -> JsonBody:
        entered.append(raw)
        assert go.wait(20)
        return real(raw, time)

    monkeypatch.setattr(json_body, "parse", parse_when_told)
    first, other = [await speak(agency) for agency in AGENCIES]

    async def send(client: AsyncClient) -> int:
        return (await client.post("/v1/referrals", json=opening(body=NAMES))).status_code

    async with asyncio.TaskGroup() as group, AsyncExitStack() as finally_:
        finally_.callback(go.set)
        sent = [group.create_task(send(first)) for _ in range(5)]
        await _until(lambda: len(entered) == 1)
        sent.append(group.create_task(send(other)))
        await _until(lambda: len(entered) == 2)
        assert (await first.get("/v1/me")).status_code == 200
        assert len(entered) == 2
    assert {task.result() for task in sent} == {422}
    assert len(entered) == 6


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 -- another thread's
            await asyncio.sleep(0.01)
