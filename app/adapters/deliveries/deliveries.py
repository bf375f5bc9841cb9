"""The deliveries of an agency's messages, and the copies that it printed."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.deliveries.rows import NoticeJson
from app.adapters.log.entry import log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.deliveries.delivery import Delivery
from app.domain.deliveries.terms import Terms
from app.domain.errors import AlreadyRecalled, Invalid, NotFound, NotToPrint

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

LIST = "SELECT list_deliveries($1, $2, $3, $4)"
EXPLAIN = "SELECT explain_message($1, $2, $3)"
PAPER = "SELECT paper_copies($1, $2, $3)"
MARK_PRINTED = "SELECT mark_printed($1)"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A message with the delivery to each of its recipients."""

    message_id: UUID
    referral_id: UUID
    type: str
    urgency: str
    accepted_at: datetime
    terms: Terms | None
    deliveries: Sequence[Delivery]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Explained:
    """The deliveries of a message that one agency may see."""

    tracked: Tracked
    is_sender: bool
    """Whether the agency is its sender; otherwise it is a recipient."""
    notices: Sequence[NoticeJson]
    """The notices to the agency's own endpoints, each with its attempts."""


@dataclass(frozen=True, slots=True)
class PrintedCopy:
    """A copy that was printed for an agency that is not connected."""

    agency_id: str
    printed_at: datetime
    printed_by: str


class Deliveries:
    """Reads the deliveries of messages that an agency sent or received, and records printing."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def sent_messages(
        self, agency_id: str, referral_id: UUID, after: int, limit: int
    ) -> Sequence[Tracked]:
        """The messages that this agency sent in a referral after a number, in their order.

        Raises:
            NotFound: there is no such referral for this agency.
        """
        text = await self._pool.fetchval(LIST, agency_id, referral_id, after, limit)
        if text is None:
            raise NotFound
        return [
            _tracked_message({**row, "referral_id": str(referral_id)}) for row in json.loads(text)
        ]

    async def explain(self, agency_id: str, referral_id: UUID, message_id: UUID) -> Explained:
        """The deliveries of a message: all for its sender, its own for a recipient.

        Raises:
            NotFound: there is none, or it was neither sent by nor sent to this agency.
        """
        text = await self._pool.fetchval(EXPLAIN, agency_id, referral_id, message_id)
        if text is None:
            raise NotFound
        row = json.loads(text)
        return Explained(_tracked_message(row), row["you"] == "sender", row["notices"])

    async def mark_printed(
        self,
        caller: Caller,
        referral_id: UUID,
        message_id: UUID,
        recipients: Collection[str] | None,
    ) -> Sequence[PrintedCopy]:
        """Record once for each of these recipients, or all, that its copy was printed.

        Raises:
            NotFound: there is no such message of this agency.
            NotToPrint: nothing of it is printed.
            Invalid: one of `recipients` has no copy to print.
            AlreadyRecalled: the sender has recalled it.
        """
        at = self._clock()
        text = await self._pool.fetchval(
            MARK_PRINTED,
            json.dumps(_printing_arguments(caller, referral_id, message_id, recipients, at)),
        )
        if text is None:
            raise NotFound
        return _printed_copies(json.loads(text), recipients)

    async def paper_copies(self, agency_id: str, message_id: UUID) -> dict[str, frozenset[str]]:
        """The recipients to which an agency takes a message on paper, with the classes for each.

        These are its own recipients, or those with whom it shared the message.
        """
        text = await self._pool.fetchval(PAPER, agency_id, message_id, self._clock().date())
        return {agency: frozenset(classes) for agency, classes in json.loads(text).items()}


def _printing_arguments(
    caller: Caller,
    referral_id: UUID,
    message_id: UUID,
    recipients: Collection[str] | None,
    at: datetime,
) -> dict[str, Any]:
    message = {"referral_id": str(referral_id), "message_id": str(message_id)}
    seat = {"agency_id": caller.agency_id, "seat_id": caller.seat_id}
    # The database function adds the recipients to the log entry.
    entry = log_entry(at, "printing", {}, caller, referral_id=referral_id, message_id=message_id)
    return {
        "at": at.isoformat(),
        **message,
        **seat,
        "recipients": None if recipients is None else list(recipients),
        "log": entry.row(),
    }


def _printed_copies(
    rows: Sequence[Mapping[str, Any]], recipients: Collection[str] | None
) -> Sequence[PrintedCopy]:
    to_print = {row["agency_id"]: row for row in rows}
    wrong = [n for n, agency_id in enumerate(recipients or ()) if agency_id not in to_print]
    if wrong:
        raise Invalid({"pointer": f"/recipients/{n}", "reason": "not_to_print"} for n in wrong)
    if not to_print:
        raise NotToPrint
    printed = [
        PrintedCopy(row["agency_id"], datetime.fromisoformat(row["printed_at"]), row["printed_by"])
        for row in rows
        if row["printed_at"]
    ]
    if not printed:
        raise AlreadyRecalled
    return printed


def _tracked_message(row: Mapping[str, Any]) -> Tracked:
    due = None
    if row["overdue_at"]:
        due = Terms(_at(row["overdue_at"]), _at(row["failed_at"]))
    return Tracked(
        message_id=UUID(row["message_id"]),
        referral_id=UUID(row["referral_id"]),
        type=row["type"],
        urgency=row["urgency"],
        accepted_at=_at(row["accepted_at"]),
        terms=due,
        deliveries=[_delivery(r, due) for r in row["recipients"]],
        number=row.get("number", 0),
    )


def _delivery(row: Mapping[str, Any], due: Terms | None) -> Delivery:
    disclosure = row["misdirected_disclosure_id"]
    if row["overdue_at"]:  # it was given back after the message
        due = Terms(_at(row["overdue_at"]), _at(row["failed_at"]))
    return Delivery(
        party=row["party"],
        agency_id=row["agency_id"],
        to_print=row["to_print"],
        terms=due,
        notified_at=_at_or_none(row["notified_at"]),
        opened_at=_at_or_none(row["opened_at"]),
        acknowledged_at=_at_or_none(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"],
        printed_at=_at_or_none(row["printed_at"]),
        printed_by=row["printed_by"],
        recalled_at=_at_or_none(row["recalled_at"]),
        recall_reason=row["recall_reason"],
        misdirected_disclosure_id=UUID(disclosure) if disclosure else None,
        undeliverable=row["undeliverable"],
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _at_or_none(text: str | None) -> datetime | None:
    return _at(text) if text else None
