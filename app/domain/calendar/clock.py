"""The time enters from outside, so that it can be moved."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the aware moment that counts as now."""

JAPAN = timezone(timedelta(hours=9))
"""The time by which the agencies live. It has no summer time."""
