"""Recalls: a recalled copy leaves a tombstone, or a misdirected disclosure if it was opened."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from app.adapters.ids import time_ordered_id
from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.deliveries.recall import (
    HeldCopy,
    ReadCopy,
    RecallReason,
    ReportDays,
    SentMessage,
    copies_to_recall,
    recallable_at_once,
    report_days,
)
from app.domain.errors import NotFound

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection, Pool
    from app.adapters.inbox.bell import Bell

HOLD = "SELECT hold_for_recall($1, $2, $3)"
WRITE = "SELECT write_recall($1)"
OF_MESSAGE = "SELECT recalls_of($1, $2)"
MISDIRECTED = "SELECT list_misdirected($1, $2, $3, $4)"
ONE = "SELECT read_misdirected($1, $2)"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recall:
    """A recalled copy. It has `clocks` if it had been opened or printed."""

    id: UUID
    message_id: UUID
    referral_id: UUID
    type: str
    accepted_at: datetime
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None
    """None for a reader with whom a recipient shared the message."""
    reason: str
    recalled_at: datetime
    recalled_by: str
    openings: Sequence[ReadCopy]
    clocks: ReportDays | None


@dataclass(frozen=True, slots=True)
class RecallOutcome:
    """What came of a recall."""

    recalls: Sequence[Recall]
    to_request: Sequence[str]
    """Agencies that have opened or acknowledged their copy too long ago: they have to be asked."""


@dataclass(frozen=True, slots=True)
class FactsOfReader:
    """Facts that a reader had before a message, as its view stores them."""

    copied_to: str
    """The agency whose copy told the reader: itself, or the one that had its part before."""
    agency_id: str
    stored: dict[str, Any] = field(default_factory=dict)
    days: dict[str, str] = field(default_factory=dict)
    """Those of them that are deadlines, in clear."""
    untold: list[str] = field(default_factory=list)
    """Facts of the message that the copy did not tell, for want of consent."""


class ReplacedFacts(Protocol):
    """Finds what a message has replaced in the views of its readers."""

    async def of(
        self,
        connection: "Connection | PoolConnectionProxy[Record]",
        agency_id: str,
        message_id: UUID,
    ) -> Sequence[FactsOfReader]:
        """What each reader had before. A fact that is missing it did not have."""


class Recalls:
    """Recalls messages, and reads recalls with the openings that preceded them."""

    def __init__(self, pool: "Pool", clock: Clock, bell: "Bell", replaced: ReplacedFacts) -> None:
        self._pool = pool
        self._replaced = replaced
        self._clock = clock
        self._bell = bell

    async def recall(
        self,
        caller: Caller,
        referral_id: UUID,
        message_id: UUID,
        reason: RecallReason,
        recipients: Collection[str] | None,
    ) -> RecallOutcome:
        """Recall a message from these recipients, or from all. A repeat changes nothing.

        The case is locked meanwhile: an opening is either logged before, or finds the copy
        recalled. Copies that were opened too long ago stay, if others are recalled.

        Raises:
            NotFound: this agency sent no such message.
            Invalid, AlreadyRecalled: as `copies_to_recall` says.
            RecallImpossible, RecallByRequest: as `recallable_at_once` says.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            text = await connection.fetchval(HOLD, caller.agency_id, referral_id, message_id)
            if text is None:
                raise NotFound
            message, at = json.loads(text), self._clock()
            sent = read_sent_message(message)
            chosen = copies_to_recall(sent.copies, reason, recipients)
            to_recall = recallable_at_once(sent, chosen, at) if chosen else ()
            rows_to_write = RecallRows(
                caller, caller.agency_id, caller.seat_id, referral_id, message_id, reason, message,
                at,
            ).rows(to_recall)  # fmt: skip
            if to_recall:
                before = await self._replaced.of(connection, caller.agency_id, message_id)
                put_facts_back(rows_to_write, before)
                await connection.execute(WRITE, json.dumps(rows_to_write))
            rows = json.loads(await connection.fetchval(OF_MESSAGE, caller.agency_id, message_id))
        self._bell.ring({item["agency_id"] for item in rows_to_write["items"]})
        recalls = (_recall(row) for row in rows)
        return RecallOutcome(
            [r for r in recalls if recipients is None or r.recipient_agency in recipients],
            sorted({c.agency_id for c in chosen} - {c.agency_id for c in to_recall}),
        )

    async def misdirected_disclosures(
        self, agency_id: str, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[Recall]:
        """Misdirected disclosures by or to this agency, the newest first."""
        text = await self._pool.fetchval(MISDIRECTED, agency_id, *(before or (None, None)), limit)
        return [_recall(row) for row in json.loads(text)]

    async def misdirected_disclosure(self, agency_id: str, disclosure_id: UUID) -> Recall:
        """A misdirected disclosure by or to this agency.

        Raises:
            NotFound: there is none.
        """
        text = await self._pool.fetchval(ONE, agency_id, disclosure_id)
        if text is None:
            raise NotFound
        return _recall(json.loads(text))


@dataclass(frozen=True, slots=True)
class RecallRows:
    """Turns recalled copies into the rows that `write_recall` takes."""

    caller: Caller
    """Who recalls them, or has agreed to a request."""
    sender_agency: str
    recalled_by: str
    """The seat of the sender."""
    referral_id: UUID
    message_id: UUID
    reason: RecallReason
    message: Row
    at: datetime

    def rows(self, copies: Sequence[HeldCopy]) -> dict[str, Any]:
        """The argument of `write_recall` for these copies."""
        return {
            "at": self.at.isoformat(),
            "case_id": self.message["case_id"],
            "message_id": str(self.message_id),
            "referral_id": str(self.referral_id),
            "type": self.message["type"],
            "accepted_at": self.message["accepted_at"],
            "agency_id": self.sender_agency,
            "seat_id": self.recalled_by,
            "reason": self.reason.value,
            "copies": [self._copy(copy) for copy in copies],
            "facts": [],
            "log": [self._entry(copy).row() for copy in copies],
            "items": [item for copy in copies for item in self._items(copy)],
        }

    def _copy(self, copy: HeldCopy) -> dict[str, Any]:
        due = report_days(self.at) if copy.disclosed else None
        days = (
            {name: getattr(due, name).isoformat() for name in ReportDays.__dataclass_fields__}
            if due
            else {}
        )
        return {
            "id": str(time_ordered_id(self.at)),
            "agency_id": copy.agency_id,
            "party": copy.party,
            "named": copy.named,
            "disclosed": copy.disclosed,
            "kept": sorted(copy.opened_classes),
            "relied_upon": copy.relied_upon or copy.disclosed,
            "openings": [
                {
                    "how": opening.how,
                    "at": opening.at.isoformat(),
                    "seat_id": opening.seat_id,
                    "classes": list(opening.classes),
                    "count": opening.count,
                    "last_at": opening.last_at.isoformat() if opening.last_at else None,
                }
                for opening in copy.openings
            ],
            **days,
        }

    def _entry(self, copy: HeldCopy) -> LogEntry:
        # A reader unknown to the sender is named to it only if it has opened the message.
        sender = {self.sender_agency} if copy.named or copy.disclosed else set()
        detail = {
            "from": copy.agency_id,
            "reason": self.reason.value,
            "disclosed": copy.disclosed,
        }
        return log_entry(
            self.at,
            "recall",
            detail,
            self.caller,
            {copy.agency_id} | sender,
            case_id=self.message["case_id"],
            referral_id=self.referral_id,
            message_id=self.message_id,
        )

    def _items(self, copy: HeldCopy) -> Iterator[dict[str, Any]]:
        kind = "disclosure.misdirected" if copy.disclosed else "message.recalled"
        item = {
            "kind": kind,
            "message_id": str(self.message_id),
            "type": self.message["type"],
            "urgency": self.message["urgency"],
        }
        if not copy.to_print:
            yield {
                **item,
                "agency_id": copy.agency_id,
                "referral_id": str(copy.referral_id),
                "from_party": self.message["from_party"],
                "from_agency": self.sender_agency,
            }
        if copy.disclosed:
            yield {
                **item,
                "agency_id": self.sender_agency,
                "referral_id": str(self.referral_id),
                "from_party": copy.party if copy.named else None,
                "from_agency": copy.agency_id,
            }


def put_facts_back(rows: dict[str, Any], before: Iterable[FactsOfReader]) -> None:
    """Add to a recall the facts that the readers of its copies had before them.

    Whoever has relied upon a copy keeps what it told.
    """
    relied_upon = {copy["agency_id"]: copy["relied_upon"] for copy in rows["copies"]}
    rows["facts"] = [
        {
            "agency_id": had.agency_id,
            "stored": had.stored,
            "days": had.days,
            "only": had.untold if relied_upon[had.copied_to] else None,
        }
        for had in before
        if had.copied_to in relied_upon
    ]


def read_sent_message(row: Row) -> SentMessage:
    """The message that `hold_for_recall` returns."""
    return SentMessage(
        accepted_at=datetime.fromisoformat(row["accepted_at"]),
        ended=row["ended"],
        consent_stands=row["consent_stands"],
        state=row["state"],
        copies=tuple(_held_copy(copy) for copy in row["copies"]),
    )


def _held_copy(row: Row) -> HeldCopy:
    openings = [_read_copy(each) for each in row["openings"]]
    if row["printed_at"]:
        on_paper = tuple(sorted(set(row["classes"]) & set(row["has"])))
        printed_at = datetime.fromisoformat(row["printed_at"])
        openings.append(ReadCopy("printed", printed_at, row["printed_by"], on_paper))
    return HeldCopy(
        agency_id=row["agency_id"],
        party=row["party"],
        referral_id=UUID(row["referral_id"]),
        named=row["named"],
        to_print=row["to_print"],
        openings=tuple(openings),
        acknowledged=row["acknowledged"],
        recalled_for=row["reason"],
    )


def _read_copy(row: Row) -> ReadCopy:
    at = datetime.fromisoformat(row["at"])
    last = row.get("last_at")
    return ReadCopy(
        row["how"],
        at,
        row["seat_id"],
        tuple(row["classes"]),
        row.get("count", 1),
        datetime.fromisoformat(last) if last else None,
    )


def _recall(row: Row) -> Recall:
    days = {name: row[name] for name in ReportDays.__dataclass_fields__}
    return Recall(
        id=UUID(row["id"]),
        message_id=UUID(row["message_id"]),
        referral_id=UUID(row["referral_id"]),
        type=row["type"],
        accepted_at=datetime.fromisoformat(row["accepted_at"]),
        sender_agency=row["sender_agency"],
        recipient_agency=row["recipient_agency"],
        recipient_party=row["recipient_party"],
        reason=row["reason"],
        recalled_at=datetime.fromisoformat(row["recalled_at"]),
        recalled_by=row["recalled_by"],
        openings=[_read_copy(each) for each in row["openings"]],
        clocks=ReportDays(**{n: date.fromisoformat(d) for n, d in days.items()})
        if row["disclosed"]
        else None,
    )
