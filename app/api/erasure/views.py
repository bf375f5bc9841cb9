"""Erasures as JSON objects of answers."""

from typing import Any

from app.adapters.erasure.rows import ErasureJson, ErasureRequestJson, HoldBounds
from app.api.wire.views import moment, moment_or_none


def erasure(row: ErasureJson) -> dict[str, Any]:
    """The erasure of one data class of a referral."""
    overwritten_at = row["overwritten_at"]
    return {
        **row,
        "erased_at": moment(row["erased_at"]),
        "overwritten_at": None if overwritten_at is None else moment(overwritten_at),
    }


def hold_bounds(bounds: HoldBounds | None) -> dict[str, Any] | None:
    """Since and until when a referral is held from erasure."""
    if bounds is None or bounds["since"] is None or bounds["until"] is None:
        return None
    return {"since": moment(bounds["since"]), "until": moment(bounds["until"])}


def erasure_request(row: ErasureRequestJson) -> dict[str, Any]:
    """A request to erase, as one agency may see it."""
    times = {name: moment(row[name]) for name in ("requested_at", "expires_at")}
    return {**row, **times, "settled_at": moment_or_none(row["settled_at"])}
