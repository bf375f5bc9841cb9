"""Locks a referral's case for erasure, and writes the erasure, its log entries and inbox items."""

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
from app.domain.erasure.objections import (
    CopyHolder,
    EarlierRequest,
    HeldReferral,
    complete_on,
)
from app.domain.erasure.retention import facts_of

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[Record]

HOLD = "SELECT hold_for_erasure($1, $2, $3)"
ERASE = "SELECT erase($1)"
LEDGER = "SELECT erase_ledger($1)"


@dataclass(frozen=True, slots=True)
class ErasureWriter:
    """Writes the erasure of some classes of a referral whose case is locked."""

    referral: HeldReferral
    classes: frozenset[DataClass]
    because: str
    """The rule, or `COMMANDED`."""
    at: datetime
    backup_age: timedelta
    act_id: UUID | None = None
    caller: Caller | None = None
    """The second seat, if it is erased by command."""

    @property
    def complete_on(self) -> date:
        """The day by which no backup holds the keys any more."""
        return complete_on(self.at, self.backup_age)

    async def write(self, connection: "Connection") -> set[str]:
        """Erase and log it. Returns the agencies that get an inbox item."""
        items = list(self._items())
        rows = {
            "at": self.at.isoformat(),
            "case_id": str(self.referral.case_id),
            "referral_id": str(self.referral.id),
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
        """Delete the record of consents, and log that."""
        rows = {
            "at": self.at.isoformat(),
            "referral_id": str(self.referral.id),
            "rule": self.because,
            "clocks": clock_rows([RetentionClock(self.referral.id, Rule.LEDGER, None)]),
            "log": [entry.row() for entry in self._log()],
        }
        await connection.execute(LEDGER, json.dumps(rows))

    @property
    def _whole(self) -> bool:
        return DataClass.C0 in self.classes

    def _clocks(self) -> Iterator[RetentionClock]:
        """Stop the clocks of what is erased; start that of the record of consents, kept longer.

        What one agency alone holds may be left: then the referral's own clock runs on for it.
        """
        complete = self._whole and not self._left()
        for rule in self.referral.clocks:
            is_erased = complete or (rule == Rule.CLEARED and DataClass.C4 in self.classes)
            if is_erased and rule != Rule.LEDGER:
                yield RetentionClock(self.referral.id, Rule[rule.upper()], None)
        if self._whole:
            closed_on = self.referral.clocks.get(Rule.CASE_CLOSED, self.at.date())
            rule_left = Rule.LEDGER if complete else Rule.CASE_CLOSED
            yield RetentionClock(self.referral.id, rule_left, closed_on)

    def _left(self) -> frozenset[str]:
        """The classes that somebody can still read afterwards."""
        held = frozenset(c for reader in self.referral.readers for c in reader.classes)
        return held - self.classes - self.referral.erased

    def _log(self) -> Iterator[LogEntry]:
        """An entry for each reader with the classes that it had copies of. It names no other."""
        for reader, classes in self._recipients():
            acting = self.caller if self.caller and self.caller.agency_id == reader else None
            detail = {
                "because": self.because,
                "classes": classes,
                "complete_on": self.complete_on.isoformat(),
                **({"act_id": str(self.act_id)} if acting else {}),
            }
            yield log_entry(
                self.at,
                "erasure",
                detail,
                acting,
                [reader],
                case_id=self.referral.case_id,
                referral_id=self.referral.id,
            )

    def _recipients(self) -> Iterator[tuple[str, list[str]]]:
        """The agencies that are notified, each with the erased classes that it had copies of."""
        for reader in self.referral.readers:
            classes = sorted(reader.classes & self.classes - self.referral.erased)
            if classes or not self.classes:
                yield reader.agency_id, classes

    def _items(self) -> Iterator[dict[str, Any]]:
        present = agencies_present(self.referral)
        for agency_id, _ in self._recipients():
            if agency_id in present:
                yield {
                    "agency_id": agency_id,
                    "kind": "erasure",
                    "referral_id": str(self.referral.id),
                    "type": f"erasure.{self.because}",
                    "urgency": "normal",
                }


def agencies_present(referral: HeldReferral) -> set[str]:
    """The agencies with copies that are told of an erasure in their inbox."""
    return {r.agency_id for r in referral.readers if r.connected and not r.disabled}


async def hold(
    connection: "Connection", agency_id: str | None, referral_id: UUID, *, wait: bool
) -> HeldReferral | None:
    """Lock the case of a referral until the transaction ends, and read the referral.

    Args:
        agency_id: return None unless this agency is or was a party; None for any agency.
        wait: wait for a transaction that has locked the case; if false, return None instead.
    """
    text = await connection.fetchval(HOLD, agency_id, referral_id, wait)
    return _held_referral(json.loads(text)) if text else None


def _held_referral(row: Mapping[str, Any]) -> HeldReferral:
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
            CopyHolder(
                r["agency_id"],
                frozenset(r["classes"]),
                r["connected"],
                frozenset(r["relies_on"]),
                UUID(r["referral_id"]),
                r["disabled"],
            )
            for r in row["readers"]
        ),
        requests=tuple(
            EarlierRequest(
                r["state"],
                datetime.fromisoformat(r["settled_at"]) if r["settled_at"] else None,
            )
            for r in row["requests"]
        ),
    )
