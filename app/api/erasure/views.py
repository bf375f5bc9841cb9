"""What was erased, as it is answered."""

from typing import Any

from app.adapters.erasure.rows import ErasureJson
from app.api.wire.views import moment


def erasure(row: ErasureJson) -> dict[str, Any]:
    """What was erased of a class of a referral."""
    return {**row, "erased_at": moment(row["erased_at"])}
