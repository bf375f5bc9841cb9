"""An entry of the log as `write_log` takes it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.adapters.ids import time_ordered_id
from app.domain.access.caller import Caller

WRITE_LOG = "SELECT write_log($1, $2)"


def log_entry(
    at: datetime,
    kind: str,
    detail: Mapping[str, Any],
    caller: Caller | None,
    agencies: Iterable[str] | None = None,
    **place: UUID | str | None,
) -> dict[str, Any]:
    """What happened, for the log: ids, codes and digests, never a word that anybody wrote.

    Args:
        at: when.
        kind: a kind of entry (docs/log.md).
        detail: what there is to say beyond who and where.
        caller: who did it; None where nobody has a seat.
        agencies: who may read the entry, as a whole; when missing, the caller's agency alone.
            Whoever may not know of another one of them gets an entry apart.
        place: `case_id`, `referral_id`, `message_id`, as far as there is one.
    """
    readers = agencies if agencies is not None else [caller.agency_id] if caller else []
    return {
        "id": str(time_ordered_id(at)),
        "kind": kind,
        "agency_id": caller.agency_id if caller else None,
        "seat_id": caller.seat_id if caller else None,
        "client_id": caller.client_id if caller else None,
        **{name: None if its is None else str(its) for name, its in place.items()},
        "agencies": sorted(set(readers)),
        "detail": dict(detail),
    }
