"""The clock is handed in from outside, so that tests can move it."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the aware moment that counts as now."""

JAPAN = timezone(timedelta(hours=9))
"""The time zone of all agencies. It has no summer time."""
