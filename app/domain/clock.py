"""The time enters from outside, so that it can be moved."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Gives the aware moment that counts as now."""
