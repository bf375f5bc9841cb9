"""The worker: runs the background jobs of every subject until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from app.adapters.access import jobs as access
from app.adapters.acts import jobs as acts
from app.adapters.consents import jobs as consents
from app.adapters.deliveries import jobs as deliveries
from app.adapters.erasure import jobs as erasure
from app.adapters.job import Job, PeriodicJob
from app.adapters.keys import jobs as keys
from app.adapters.log import jobs as log
from app.adapters.outage import is_outage
from app.adapters.referrals import jobs as referrals
from app.adapters.webhooks import jobs as webhooks
from app.adapters.webhooks.safe_http import Outside
from app.domain.errors import raised_at
from app.resources import Resources, open_resources
from app.settings import Settings

PAUSE = 1.0
"""Seconds between two steps of a job when there is little to do. Log entries wait so that one
transaction seals many: one by one they would cost as much as the messages themselves."""
AFTER_FAILURE = 10.0
"""Seconds after which a job that failed begins again."""

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Running steps are finished first.

    Raises:
        ValueError: there is no database to work on.
    """
    if settings.worker_url is None:
        raise ValueError("TSUNAGU_DATABASE_URL or TSUNAGU_WORKER_DATABASE_URL must be set")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    clock, url = settings.running_clock(), settings.worker_url
    size = settings.worker_pool_size
    async with AsyncExitStack() as closing:
        resources: Resources | None = None
        while resources is None and not stop.is_set():
            opening = open_resources(settings, clock, url, size, "tsunagu worker")
            resources = await _open_if_possible(stop, opening, closing)
        if resources is None:
            return
        jobs = tuple(all_jobs(resources))
        async with asyncio.TaskGroup() as tasks:
            for job in jobs:
                tasks.create_task(run_job(stop, job))


async def _open_if_possible(
    stop: asyncio.Event,
    opening: AbstractAsyncContextManager[Resources],
    closing: AsyncExitStack,
) -> Resources | None:
    """The opened resources; None, after a pause, while the database is away."""
    try:
        return await closing.enter_async_context(opening)
    except Exception as error:
        if not is_outage(error):
            raise
        _log.warning("the database does not answer (%s); trying again", type(error).__name__)
    await _pause(stop)
    return None


def all_jobs(resources: Resources) -> Iterator[Job]:
    """The jobs of every subject."""
    settings, pool, clock = resources.settings, resources.pool, resources.clock
    key_service, checkpoint_keys = resources.key_service, resources.checkpoint_keys()
    masters_folder = resources.key_folder if settings.key_service is None else None
    yield from webhooks.jobs(
        pool,
        clock,
        resources.bell,
        key_service,
        outside=Outside(
            settings.webhook_reach,
            settings.webhook_authorities,
            settings.webhook_client_certificate,
            settings.webhook_client_certificate_key,
            settings.webhook_proxy_url,
        ),
        window=settings.webhook_window,
        grace=settings.shutdown_grace,
    )
    yield from log.jobs(pool, clock, checkpoint_keys, checkpoint_keys.name)
    yield from referrals.jobs(pool, clock, key_service)
    yield from access.jobs(pool, clock)
    yield from deliveries.jobs(pool, clock)
    yield from consents.jobs(pool, clock)
    yield from erasure.jobs(
        pool,
        clock,
        settings.periods,
        settings.key_backup_age,
        settings.overwrite_within,
        settings.overwrite_pause,
    )
    yield from acts.jobs(pool, clock)
    yield from keys.jobs(pool, clock, key_service, masters_folder, settings.backup_age)


async def run_job(stop: asyncio.Event, job: Job) -> None:
    """Run a job until `stop` is set. One that fails begins again, and the others go on meanwhile.

    Otherwise a row on which one job fails would stop the notices and deadlines of everybody.
    """
    while not stop.is_set():
        try:
            await _run_until_failure(stop, job)
        except Exception as error:
            _log.error("a job failed and begins again in %d s: %s", AFTER_FAILURE, raised_at(error))
            await _pause(stop, AFTER_FAILURE)


async def _run_until_failure(stop: asyncio.Event, job: Job) -> None:
    if not isinstance(job, PeriodicJob):
        await job.run(stop)
        return
    step = _with_rests(job.step) if job.gently else job.step
    while not stop.is_set():
        if await _attempt(step) < job.batch:
            await _pause(stop)


async def _pause(stop: asyncio.Event, seconds: float = PAUSE) -> None:
    """Wait so long, or until `stop` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _attempt(step: Callable[[], Awaitable[int]]) -> int:
    """Run a step, and return how much it did; 0 in an outage of the database or the keys.

    The work stays in the database, so the next step does it.
    """
    try:
        return await step()
    except Exception as error:
        if not is_outage(error):
            raise
        _log.warning("the database, keys or clock cannot be used (%s)", type(error).__name__)
        return 0


def _with_rests(step: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """`step` with a rest after it, as long as it took, to leave the database to others."""

    async def step_and_rest() -> int:
        began = time.monotonic()
        count = await step()
        await asyncio.sleep(time.monotonic() - began)
        return count

    return step_and_rest
