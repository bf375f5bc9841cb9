"""Erasures, holds and clocks of retention, as the functions of the database give and take them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypedDict

from app.domain.decisions.acceptance import Acceptance
from app.domain.erasure.clock import RetentionClock
from app.domain.erasure.objections import complete_on

ErasureJson = TypedDict(
    "ErasureJson", {"class": str, "erased_at": str, "because": str, "complete_on": str}
)
"""An erased class of a referral, as `read_erasures` answers it."""


class HoldJson(TypedDict):
    """What an agency keeps from being erased, as `list_holds` answers it."""

    id: str
    referral_id: str
    whole_case: bool
    reason: str
    set_at: str


def erasure_rows(acceptance: Acceptance, backup_age: timedelta) -> dict[str, Any]:
    """The clocks that an accepted message starts or stops, and the referral that it erases.

    Args:
        backup_age: how long backups hold a key after it was erased.
    """
    rows: dict[str, Any] = {}
    if acceptance.decision.clocks:
        rows["clocks"] = clock_rows(acceptance.decision.clocks)
    if acceptance.decision.erases:
        # The keys made for this very message are destroyed with all others of the referral.
        rows["erased"] = {
            "referral_id": str(acceptance.message.referral_id),
            "complete_on": complete_on(acceptance.at, backup_age).isoformat(),
        }
    return rows


def clock_rows(clocks: Iterable[RetentionClock]) -> list[dict[str, Any]]:
    """Clocks of retention, as `set_clocks` takes them; without a day one stops."""
    return [
        {
            "referral_id": str(clock.referral_id),
            "rule": clock.rule.value,
            "since": clock.since.isoformat() if clock.since else None,
        }
        for clock in clocks
    ]
