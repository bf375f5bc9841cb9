"""The entry of the log that tells of an act of administration: ids and codes, no words."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.adapters.ids import time_ordered_id
from app.domain.caller import Caller

WRITE = "SELECT write_log($1, $2)"
COMMAND_LINE = "command line"
"""Who acted, where nobody has a seat: whoever may use the owner's login."""


def entry(
    at: datetime,
    act: str,
    agencies: Iterable[str],
    detail: Mapping[str, Any],
    caller: Caller | None = None,
    by: str = COMMAND_LINE,
) -> dict[str, Any]:
    """The entry of `act`, as `write_log` takes it.

    Args:
        at: when.
        act: a code, `seat.disabled` for example.
        agencies: whom it concerns; they may read the entry.
        detail: ids and codes only.
        caller: who acted; None where nobody has a seat.
        by: who acted in that case.
    """
    return {
        "id": str(time_ordered_id(at)),
        "kind": "administration",
        "agency_id": caller.agency_id if caller else None,
        "seat_id": caller.seat_id if caller else None,
        "client_id": caller.client_id if caller else None,
        "agencies": sorted(agencies),
        "detail": {"act": act, **({} if caller else {"by": by}), **detail},
    }
