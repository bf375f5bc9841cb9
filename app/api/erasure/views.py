"""What was erased, as it is answered."""

from collections.abc import Mapping
from typing import Any

from app.api.wire.views import moment


def erasure(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was erased of a class of a referral."""
    return {**row, "erased_at": moment(row["erased_at"])}
