"""A played case, a worker that seals, and the bundles of all its parties."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.sealer import Sealer
from tests.api.evidence.played import PARTIES, Case, fetch, play
from tests.support.service import Service

Sealing = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def sealing(service: Service) -> Sealing:
    """`async with sealing()`: seals the log as the worker does, until the block ends."""
    name = service.settings.log_name
    keys = CheckpointKeys(KeyFolder(service.settings.data_dir / "keys"), name)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with asyncpg.create_pool(service.urls.worker, min_size=0, max_size=2) as pool:
            task = asyncio.create_task(_seal(Sealer(pool, keys, name, service.clock)))
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait([task])

    return running


async def _seal(sealer: Sealer) -> None:
    while True:
        await sealer.seal()
        await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
async def played_case(service: Service) -> Case:
    """A case of two referrals and four agencies."""
    return await play(service)


@pytest.fixture(scope="session")
async def bundles(service: Service, played_case: Case, sealing: Sealing) -> dict[str, bytes]:
    """The bundle of every party."""
    async with sealing():
        answers = {agency: await fetch(service, agency, played_case.id) for agency in PARTIES}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {agency: answer.content for agency, answer in answers.items()}
