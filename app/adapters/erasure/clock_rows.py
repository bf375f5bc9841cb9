"""Clocks of retention, as the functions of the database take them."""

from collections.abc import Iterable
from typing import Any

from app.domain.erasure.clock import RetentionClock


def write_clocks(clocks: Iterable[RetentionClock]) -> list[dict[str, Any]]:
    """Clocks of retention, as `set_clocks` takes them; without a day one stops."""
    return [
        {
            "referral_id": str(clock.referral_id),
            "rule": clock.rule.value,
            "since": clock.since.isoformat() if clock.since else None,
        }
        for clock in clocks
    ]
