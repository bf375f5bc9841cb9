"""Erasing: holding a referral's case, and writing down that keys were destroyed, and for whom."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.erasure.rows import clock_rows
from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.classes import DataClass
from app.domain.erasure.clock import RetentionClock, Rule
from app.domain.erasure.objections import CopyHolder, HeldReferral, complete_on
from app.domain.erasure.retention import facts_of

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[Record]

HOLD = "SELECT hold_for_erasure($1, $2, $3)"
ERASE = "SELECT erase($1)"
LEDGER = "SELECT erase_ledger($1)"


@dataclass(frozen=True, slots=True)
class Erasing:
    """What is to be erased of a referral that is held, because of what, and on whose word."""

    standing: HeldReferral
    classes: frozenset[DataClass]
    because: str
    at: datetime
    backup_age: timedelta
    act_id: UUID | None = None
    caller: Caller | None = None
    """The second seat, if it was done by command."""

    @property
    def complete_on(self) -> date:
        """The day by which no backup holds the keys any more."""
        return complete_on(self.at, self.backup_age)

    async def write(self, connection: "Connection") -> set[str]:
        """Erase, and write it down; gives the agencies whose inboxes say so."""
        items = list(self._items())
        rows = {
            "at": self.at.isoformat(),
            "case_id": str(self.standing.case_id),
            "referral_id": str(self.standing.id),
            "classes": sorted(self.classes),
            "facts": facts_of(self.classes),
            "rule": self.because,
            "act_id": str(self.act_id) if self.act_id else None,
            "complete_on": self.complete_on.isoformat(),
            "clocks": clock_rows(self._clocks()),
            "log": [entry.row() for entry in self._log()],
            "items": items,
        }
        await connection.execute(ERASE, json.dumps(rows))
        return {item["agency_id"] for item in items}

    async def write_ledger(self, connection: "Connection") -> None:
        """Delete the record of consents, and write that down."""
        rows = {
            "at": self.at.isoformat(),
            "referral_id": str(self.standing.id),
            "rule": self.because,
            "clocks": clock_rows([RetentionClock(self.standing.id, Rule.LEDGER, None)]),
            "log": [entry.row() for entry in self._log()],
        }
        await connection.execute(LEDGER, json.dumps(rows))

    @property
    def _whole(self) -> bool:
        return DataClass.C0 in self.classes

    def _clocks(self) -> Iterator[RetentionClock]:
        """What was erased needs no clock; the record of consents stays a while longer."""
        for rule in self.standing.clocks:
            gone = self._whole or (rule == Rule.CLEARED and DataClass.C4 in self.classes)
            if gone and rule != Rule.LEDGER:
                yield RetentionClock(self.standing.id, Rule[rule.upper()], None)
        if self._whole:
            closed_on = self.standing.clocks.get(Rule.CASE_CLOSED, self.at.date())
            yield RetentionClock(self.standing.id, Rule.LEDGER, closed_on)

    def _log(self) -> Iterator[LogEntry]:
        """An entry for each reader, with what it had copies of and nobody else's name."""
        for reader, classes in self._told():
            acting = self.caller if self.caller and self.caller.agency_id == reader else None
            told = {
                "because": self.because,
                "classes": classes,
                "complete_on": self.complete_on.isoformat(),
                **({"act_id": str(self.act_id)} if acting else {}),
            }
            yield log_entry(
                self.at,
                "erasure",
                told,
                acting,
                [reader],
                case_id=self.standing.case_id,
                referral_id=self.standing.id,
            )

    def _told(self) -> Iterator[tuple[str, list[str]]]:
        for reader in self.standing.readers:
            classes = sorted(reader.classes & self.classes - self.standing.erased)
            if classes or not self.classes:
                yield reader.agency_id, classes

    def _items(self) -> Iterator[dict[str, Any]]:
        takes_part = {reader.agency_id for reader in self.standing.readers if reader.connected}
        for agency_id, _ in self._told():
            if agency_id in takes_part:
                yield {
                    "agency_id": agency_id,
                    "kind": "erasure",
                    "referral_id": str(self.standing.id),
                    "type": f"erasure.{self.because}",
                    "urgency": "normal",
                }


async def hold(
    connection: "Connection", agency_id: str | None, referral_id: UUID, *, wait: bool
) -> HeldReferral | None:
    """Hold the case of a referral until the transaction ends, and say how the referral stands.

    Args:
        agency_id: answer only if this agency is or was a party.
        wait: for whoever else holds the case; else None where somebody does.
    """
    text = await connection.fetchval(HOLD, agency_id, referral_id, wait)
    return _standing(json.loads(text)) if text else None


def _standing(row: Mapping[str, Any]) -> HeldReferral:
    return HeldReferral(
        id=UUID(row["id"]),
        case_id=UUID(row["case_id"]),
        flow=row["flow"],
        state=row["state"],
        lead=row["lead"],
        erased=frozenset(row["erased"]),
        holders=frozenset(row["holders"]),
        parties=row["parties"],
        others=tuple(row["others"]),
        clocks={rule: date.fromisoformat(day) for rule, day in row["clocks"].items()},
        readers=tuple(
            CopyHolder(r["agency_id"], frozenset(r["classes"]), r["connected"])
            for r in row["readers"]
        ),
    )
