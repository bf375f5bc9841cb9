"""Jobs of the worker for erasure."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.adapters.erasure import requests
from app.adapters.erasure.by_rule import Eraser
from app.adapters.erasure.held_keys import HeldKeys
from app.adapters.erasure.overwriting import KeyOverwriting
from app.adapters.erasure.reminders import HoldReminders
from app.adapters.erasure.requests import RequestedErasures
from app.adapters.job import Job, PeriodicJob
from app.domain.calendar.clock import Clock
from app.domain.erasure.retention import Periods

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool


def jobs(
    pool: "Pool",
    clock: Clock,
    periods: Periods,
    backup_age: timedelta,
    overwrite_within: timedelta,
    overwrite_pause: timedelta,
) -> Iterator[Job]:
    """Erase what is due by rule or by request, destroy and overwrite keys, and remind of holds."""
    yield PeriodicJob(Eraser(pool, clock, periods, backup_age).erase_due)
    yield PeriodicJob(RequestedErasures(pool, clock, backup_age).settle_due, requests.MOST)
    yield PeriodicJob(HeldKeys(pool, clock, backup_age).destroy_due)
    yield PeriodicJob(HoldReminders(pool, clock).remind)
    yield PeriodicJob(KeyOverwriting(pool, clock, overwrite_within, overwrite_pause).step)
