"""Warnings that anybody can cause, of which the log gets one a minute."""

import logging
import time
from collections.abc import Callable

PAUSE = 60.0
"""Seconds between two lines of the log."""


class OnceAMinute(logging.Filter):
    """Lets one warning through in `PAUSE`, with the number of those that it has left out; whatever
    is no warning passes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._logged = float("-inf")
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        if record.levelno != logging.WARNING:
            return True
        now = self._clock()
        if now < self._logged + PAUSE:
            self._left_out += 1
            return False
        if self._left_out:
            since = f"{record.getMessage()} {self._left_out} more since the last line."
            record.msg, record.args = since, ()
        self._logged, self._left_out = now, 0
        return True


def warn_once_a_minute(name: str, clock: Callable[[], float] = time.monotonic) -> logging.Logger:
    """A logger below the one of this name, whose warnings are left out but for one a minute."""
    parent = logging.getLogger(name)
    logger = parent.getChild("warnings")
    logger.setLevel(parent.getEffectiveLevel())
    logger.filters = [OnceAMinute(clock)]
    return logger
