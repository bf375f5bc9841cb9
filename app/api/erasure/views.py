"""Erasures as JSON objects of answers."""

from typing import Any

from app.adapters.erasure.rows import ErasureJson
from app.api.wire.views import moment


def erasure(row: ErasureJson) -> dict[str, Any]:
    """The erasure of one data class of a referral."""
    return {**row, "erased_at": moment(row["erased_at"])}
