"""The background job of webhooks: the courier."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.inbox.bell import Bell
from app.adapters.job import ContinuousJob, Job
from app.adapters.webhooks.courier import Courier
from app.adapters.webhooks.lookup import SystemLookup
from app.adapters.webhooks.safe_http import HttpSender, Outside
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
    outside: Outside,
    window: int,
    grace: timedelta,
) -> Iterator[Job]:
    """Deliver notices.

    Args:
        outside: how receivers are reached.
        window: concurrent attempts at one endpoint.
        grace: how long running attempts may take when the worker is told to stop.
    """

    async def deliver(stop: asyncio.Event) -> None:
        async with HttpSender(SystemLookup(), outside) as sender:
            secrets, seconds = WebhookSecrets(keys), grace.total_seconds()
            await Courier(pool, bell, sender, secrets, clock, window, seconds).run(stop)

    yield ContinuousJob(deliver)
