"""Rows of erasures, legal holds and retention clocks, as database functions return or take them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypedDict

from app.domain.decisions.acceptance import Acceptance
from app.domain.erasure.clock import RetentionClock
from app.domain.erasure.objections import complete_on

ErasureJson = TypedDict(
    "ErasureJson",
    {
        "class": str,
        "erased_at": str,
        "because": str,
        "complete_on": str,
        "overwritten_at": str | None,
    },
)
"""An erased class of a referral, as `read_erasures` returns it."""


class HoldJson(TypedDict):
    """A legal hold, as `list_holds` returns it."""

    id: str
    referral_id: str
    whole_case: bool
    reason: str
    set_at: str
    until: str


class ErasureRequestJson(TypedDict):
    """A request to erase as one agency may see it, as `list_erasure_requests` returns it."""

    id: str
    referral_id: str
    agency_id: str
    reason: str
    classes: list[str]
    requested_at: str
    expires_at: str
    state: str
    settled_at: str | None
    outcome: str | None
    asked: bool
    answer: str | None


class HoldBounds(TypedDict):
    """Since and until when a referral is held, as `hold_bounds` returns it; None if it is not."""

    flow: str
    part: str
    leads: bool | None
    since: str | None
    until: str | None


def erasure_rows(acceptance: Acceptance, backup_age: timedelta) -> dict[str, Any]:
    """The retention clocks that an accepted message starts or stops, and the erasure it causes.

    Args:
        backup_age: how long backups hold a key after it was erased.
    """
    rows: dict[str, Any] = {}
    if acceptance.decision.clocks:
        rows["clocks"] = clock_rows(acceptance.decision.clocks)
    if acceptance.decision.erases:
        # The keys of this message itself are deleted with all others of the referral.
        rows["erased"] = {
            "referral_id": str(acceptance.message.referral_id),
            "complete_on": complete_on(acceptance.at, backup_age).isoformat(),
        }
    return rows


def clock_rows(clocks: Iterable[RetentionClock]) -> list[dict[str, Any]]:
    """Retention clocks, as `set_clocks` takes them. A clock without a day is stopped."""
    return [
        {
            "referral_id": str(clock.referral_id),
            "rule": clock.rule.value,
            "since": clock.since.isoformat() if clock.since else None,
        }
        for clock in clocks
    ]
