"""Compares the clock of this machine with the database's, so that processes agree on the time."""

import asyncio
import logging
import time
from datetime import datetime
from typing import TYPE_CHECKING

from app.domain.calendar.clock import CLOCK_TOLERANCE, Clock, ClockIsOff

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
PAUSE = 5.0
"""Seconds between two comparisons. In between, the time that has passed since is known from a
counter that nobody sets, so that a clock that is moved is noticed at the next call."""
VAGUE = 0.5
"""An answer that was longer under way than twice so many seconds tells too little."""

_log = logging.getLogger(__name__)


class DatabaseClock:
    """The database's clock, as this process knows it.

    What it is compared with is the machine's clock: where the service's clock stands for
    development (`TSUNAGU_CLOCK`) makes no difference.
    """

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._epoch_at_tick_0: float | None = None
        self._doubt = 0.0
        self._was_off = False

    async def compare(self) -> None:
        """Ask the database for its time, and log if the machine's has begun or ceased to differ."""
        before = time.monotonic()
        now: float = await self._pool.fetchval(NOW)
        doubt = (time.monotonic() - before) / 2
        if doubt <= VAGUE:
            self._epoch_at_tick_0, self._doubt = now - before - doubt, doubt
        self._log_change()

    async def watch(self) -> None:
        """Compare every few seconds, until cancelled. While the database is away, the old holds."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.compare()
            except Exception as error:
                # Whatever it is: if this task ended, nobody would look at the clock any more.
                _log.warning("the clock was not compared: %s", type(error).__name__)

    def ahead(self) -> float:
        """By how many seconds the machine's clock is ahead of the database's; 0 if not known."""
        if self._epoch_at_tick_0 is None:
            return 0.0
        return time.time() - (self._epoch_at_tick_0 + time.monotonic())

    def is_off(self) -> bool:
        """Whether the machine's clock differs from the database's by more than is tolerated."""
        return abs(self.ahead()) - self._doubt > CLOCK_TOLERANCE.total_seconds()

    def guard(self, clock: Clock) -> Clock:
        """`clock`, which raises `ClockIsOff` instead of giving a time while the machine's is off.

        Whatever takes a time, and so whatever writes, is refused by that alone.
        """

        def now() -> datetime:
            if self.is_off():
                raise ClockIsOff(_difference(self.ahead()))
            return clock()

        return now

    def _log_change(self) -> None:
        is_off = self.is_off()
        if is_off != self._was_off:
            self._was_off = is_off
            if is_off:
                _log.error("%s; nothing that takes a time is done", _difference(self.ahead()))
            else:
                _log.warning("the clock of this machine agrees with the database's again")


def _difference(ahead: float) -> str:
    which = "ahead of" if ahead > 0 else "behind"
    return f"The clock of this machine is {abs(ahead):.1f} seconds {which} the database's"
