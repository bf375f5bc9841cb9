"""Log entries, which only `log_entry` makes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.adapters.ids import time_ordered_id
from app.domain.access.caller import Caller

WRITE_LOG = "SELECT write_log($1, $2)"
"""For the owner of the tables."""
WRITE_OWN_LOG = "SELECT write_own_log($1, $2, $3)"
"""For the API: entries of one agency, which it alone reads, and which change nothing else."""

_MAKER = object()
"""Only this module can pass it to an entry, so that nothing else makes one."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event for the log: ids, codes and digests, never text that somebody wrote.

    Made by `log_entry`. Functions of the database take entries as `row` has them.
    """

    maker: object = field(repr=False, compare=False)
    id: UUID
    kind: str
    agency_id: str | None
    seat_id: str | None
    client_id: str | None
    agencies: tuple[str, ...]
    detail: Mapping[str, Any]
    case_id: str | None
    referral_id: str | None
    message_id: str | None

    def __post_init__(self) -> None:
        if self.maker is not _MAKER:
            raise TypeError("entries of the log are made by log_entry")

    def acting(
        self,
        agency_id: str | None = None,
        seat_id: str | None = None,
        client_id: str | None = None,
    ) -> "LogEntry":
        """The same entry with another actor, one that is not the caller of a request."""
        return replace(self, agency_id=agency_id, seat_id=seat_id, client_id=client_id)

    def row(self) -> dict[str, Any]:
        """The entry as `write_log` takes it."""
        return {
            "id": str(self.id),
            "kind": self.kind,
            "agency_id": self.agency_id,
            "seat_id": self.seat_id,
            "client_id": self.client_id,
            "case_id": self.case_id,
            "referral_id": self.referral_id,
            "message_id": self.message_id,
            "agencies": list(self.agencies),
            "detail": dict(self.detail),
        }


def log_entry(
    at: datetime,
    kind: str,
    detail: Mapping[str, Any],
    caller: Caller | None,
    agencies: Iterable[str] | None = None,
    *,
    case_id: UUID | str | None = None,
    referral_id: UUID | str | None = None,
    message_id: UUID | str | None = None,
    entry_id: UUID | None = None,
) -> LogEntry:
    """Make a log entry.

    Args:
        at: when.
        kind: a kind of entry (docs/en/log.md).
        detail: ids and codes beyond those of the other arguments.
        caller: who did it; None where nobody has a seat.
        agencies: who may read the whole entry; when missing, the caller's agency alone. An
            agency that must not know of another one in this list needs an entry of its own.
        case_id, referral_id, message_id: what it is about, as far as there is one.
        entry_id: its id, where a receipt names it before it is written; when missing, a new one.
    """
    readers = agencies if agencies is not None else [caller.agency_id] if caller else []
    return LogEntry(
        maker=_MAKER,
        id=entry_id or time_ordered_id(at),
        kind=kind,
        agency_id=caller.agency_id if caller else None,
        seat_id=caller.seat_id if caller else None,
        client_id=caller.client_id if caller else None,
        agencies=tuple(sorted(set(readers))),
        detail=detail,
        case_id=_text(case_id),
        referral_id=_text(referral_id),
        message_id=_text(message_id),
    )


def entries_json(entries: Iterable[LogEntry]) -> str:
    """Entries as JSON text, for functions of the database that take only entries."""
    return json.dumps([entry.row() for entry in entries])


def _text(value: UUID | str | None) -> str | None:
    return None if value is None else str(value)
