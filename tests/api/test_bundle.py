"""The evidence bundle: what is in it, for whom, and what goes on record."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from app.adapters.keys import KeyFolder
from app.adapters.log_keys import LogKeys
from app.adapters.sealing import Sealer
from app.domain.bundle import MANIFEST
from tests.api import bundles
from tests.api.bundles import CENTER, OFFICE, OTHER, PRISON, Case, fetch, files_of, found, judged
from tests.api.conftest import Service

STRANGER = "prosecutor-13"


@asynccontextmanager
async def sealing(service: Service) -> AsyncIterator[None]:
    """What the worker does, all the time."""
    name = service.settings.log_name
    keys = LogKeys(KeyFolder(service.settings.data_dir / "keys"), name)
    async with asyncpg.create_pool(service.urls.worker, min_size=0, max_size=2) as pool:
        sealer = Sealer(pool, keys, name, service.clock)

        async def on() -> None:
            while True:
                await sealer.seal()
                await asyncio.sleep(0.01)

        task = asyncio.create_task(on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture(scope="module")
async def case(service: Service) -> Case:
    return await bundles.play(service)


@pytest.fixture(scope="module")
async def made(service: Service, case: Case) -> dict[str, bytes]:
    """The bundle of every party."""
    async with sealing(service):
        answers = {a: await fetch(service, a, case.id) for a in (PRISON, OFFICE, CENTER, OTHER)}
    for answer in answers.values():
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/zip"
        assert answer.headers["Cache-Control"] == "no-store"
    return {agency: answer.content for agency, answer in answers.items()}


def manifest(data: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files_of(data)[MANIFEST])
    return read


@pytest.mark.parametrize("agency", [PRISON, OFFICE, CENTER, OTHER])
def test_every_party_can_prove_its_part_of_the_case_offline(
    made: dict[str, bytes], agency: str
) -> None:
    assert judged(made[agency]) == ("verified", None, None)
    seen = found(made[agency])
    assert seen.messages == len(manifest(made[agency])["messages"]) > 0
    assert seen.entries >= 2 * seen.messages  # accepted or shared, and opened for this bundle
    assert seen.warnings == ["keys_not_pinned"]
