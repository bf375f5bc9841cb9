"""The background job of webhooks: the courier."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.adapters.inbox.bell import Bell
from app.adapters.job import ContinuousJob, Job
from app.adapters.webhooks.courier import Courier
from app.adapters.webhooks.safe_http import HttpSender, SystemLookup
from app.adapters.webhooks.secrets import WebhookSecrets
from app.domain.calendar.clock import Clock
from app.domain.keys.ports import KeyService

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(
    pool: "Pool",
    clock: Clock,
    bell: Bell,
    keys: KeyService,
    *,
    loopback: bool,
    authorities: Path | None,
    window: int,
    grace: timedelta,
) -> Iterator[Job]:
    """Deliver notices.

    Args:
        loopback: whether endpoints may be on this machine.
        authorities: a file of certificates to trust instead of the system's.
        window: concurrent attempts at one endpoint.
        grace: how long running attempts may take when the worker is told to stop.
    """

    async def deliver(stop: asyncio.Event) -> None:
        sender = HttpSender(
            SystemLookup(),
            loopback=loopback,
            authorities=str(authorities) if authorities else None,
        )
        async with sender:
            secrets, seconds = WebhookSecrets(keys), grace.total_seconds()
            await Courier(pool, bell, sender, secrets, clock, window, seconds).run(stop)

    yield ContinuousJob(deliver)
