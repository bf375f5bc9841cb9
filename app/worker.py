"""Delivers notices, seals the log, tells of days that come, erases, changes keys, until stopped."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.adapters.access.lockouts import Lockouts
from app.adapters.acts.expiry import MOST as MOST_ACTS
from app.adapters.acts.expiry import Expiry
from app.adapters.consents.return_requests import MOST as MOST_RETURNS
from app.adapters.consents.return_requests import LateReturns
from app.adapters.database.pool import open_pool
from app.adapters.deliveries.overdue import MOST, Overdue
from app.adapters.erasure.by_rule import Eraser
from app.adapters.inbox.bell import Bell
from app.adapters.keys.checkpoint_keys import log_keys
from app.adapters.keys.choice import key_service
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.retirement import Retiring
from app.adapters.keys.rewrapping import Rewrapping
from app.adapters.log.sealer import BATCH, Sealer
from app.adapters.outage import is_outage
from app.adapters.referrals.deadlines import Deadlines
from app.adapters.webhooks.courier import Courier
from app.adapters.webhooks.safe_http import Outgoing, SystemLookup
from app.adapters.webhooks.secrets import WebhookSecrets
from app.domain.keys.ports import KeyService
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

PAUSE = 1.0
"""Seconds between looks when there is little to do. Entries of the log wait so that one transaction
seals many: one by one they cost as much as the messages themselves."""

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. What is being written then is finished first.

    Raises:
        ValueError: there is no database to work on.
    """
    if settings.worker_url is None:
        raise ValueError("TSUNAGU_DATABASE_URL or TSUNAGU_WORKER_DATABASE_URL must be set")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    clock, folder = settings.running_clock(), KeyFolder(settings.data_dir / "keys")
    keys = key_service(settings.key_service, folder, clock)
    async with (
        contextlib.aclosing(keys),
        await open_pool(settings.worker_url, settings.worker_pool_size, "tsunagu worker") as pool,
    ):
        signing = log_keys(folder, clock(), settings.log_origin, settings.log_name)
        sealer = Sealer(pool, signing, signing.name, clock)
        deadlines = Deadlines(pool, clock)
        overdue = Overdue(pool, clock)
        expiry = Expiry(pool, clock)
        lockouts = Lockouts(pool, clock)
        returns = LateReturns(pool, clock)
        eraser = Eraser(pool, clock, settings.periods, settings.backup_age)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(deliver(settings, settings.worker_url, pool, keys, stop))
            tasks.create_task(until(stop, sealer.seal, BATCH))
            tasks.create_task(until(stop, deadlines.tell_due))
            tasks.create_task(until(stop, lockouts.tell_new))
            tasks.create_task(until(stop, overdue.tell_late, MOST))
            tasks.create_task(until(stop, returns.tell_late, MOST_RETURNS))
            tasks.create_task(until(stop, eraser.erase_due))
            tasks.create_task(until(stop, expiry.end_due, MOST_ACTS))
            tasks.create_task(until(stop, gently(Rewrapping(pool, keys, clock).step)))
            if settings.key_service is None:
                retiring = Retiring(pool, folder, settings.backup_age, clock)
                tasks.create_task(until(stop, retiring.step))


async def deliver(
    settings: Settings, url: str, pool: "Pool", keys: KeyService, stop: asyncio.Event
) -> None:
    """Deliver notices until told to stop."""
    bell = Bell(pool, url)
    await bell.start()
    authorities, clock = settings.webhook_authorities, settings.running_clock()
    outgoing = Outgoing(
        SystemLookup(),
        loopback=settings.webhook_loopback,
        authorities=str(authorities) if authorities else None,
    )
    try:
        async with outgoing:
            courier = Courier(
                pool,
                bell,
                outgoing,
                WebhookSecrets(keys),
                clock,
                settings.webhook_window,
                settings.shutdown_grace.total_seconds(),
            )
            await courier.run(stop)
    finally:
        await bell.stop()


def gently(work: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """`work`, resting after each time as long as it took, to leave the database to others."""

    async def done() -> int:
        began = time.monotonic()
        found = await work()
        await asyncio.sleep(time.monotonic() - began)
        return found

    return done


async def until(stop: asyncio.Event, work: Callable[[], Awaitable[int]], enough: int = 1) -> None:
    """Do `work` again and again, resting when it found less than `enough`, until told to stop.

    A database that is away is waited for: what is to be done stays there.
    """
    while not stop.is_set():
        try:
            done = await work()
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("the database or the keys do not answer (%s)", type(error).__name__)
            done = 0
        if done < enough:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await stop.wait()
