"""Background jobs, which run as long as the worker does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Work in small steps, one after the other, with a pause when little was left to do."""

    step: Callable[[], Awaitable[int]]
    """Does a little, and says how much there was."""
    batch: int = 1
    """If there was at least this much, the next step follows without a pause."""
    gently: bool = False
    """Whether to rest after each step as long as it took, to leave the database to others."""


@dataclass(frozen=True, slots=True)
class ContinuousJob:
    """Work that keeps its own time."""

    run: Callable[[asyncio.Event], Awaitable[None]]
    """Works until the event is set. What is under way then is finished first."""


Job = PeriodicJob | ContinuousJob
