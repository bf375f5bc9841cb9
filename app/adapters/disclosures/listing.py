"""Disclosures of a case, in pages, as one party may see them; an export of them is logged."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.database.shares import CallsAtOnce
from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.classes import DataClass
from app.domain.disclosures.record import Disclosure
from app.domain.disclosures.summary import Summary
from app.domain.errors import NotFound

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

LIST = "SELECT list_disclosures($1, $2, $3, $4, $5, $6, $7, $8)"
SUMMARIZE = "SELECT summarize_disclosures($1, $2, $3, $4)"
WAIT_FOR_TURN = 5.0
"""Seconds that a call waits while its agency has another sheet made, before it is answered 503."""
MOST_LOOKED_AT = 500
"""The most messages and disclosures that one page looks at, whatever its filter leaves."""


@dataclass(frozen=True, slots=True)
class DisclosureFilter:
    """Which disclosures to list: all, or those of a referral, an agency, a class."""

    referral_id: UUID | None = None
    agency_id: str | None = None
    data_class: DataClass | None = None


_AGENCY = re.compile(r"[a-z0-9-]{0,64}")
_NUMBER = re.compile(r"[0-9]{1,16}")

Key = tuple[UUID, int, str, int, int, UUID]
"""Where a page ends: referral, number, agency, microseconds since 1970, rank, id."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some disclosures, and the key after which the next page begins. A page may be empty."""

    items: Sequence[Disclosure]
    following: Sequence[Any] | None


class Disclosures:
    """Lists disclosures that a party may see: see the database function `list_disclosures`."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._turns = CallsAtOnce(1, 1, WAIT_FOR_TURN)

    def turn(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        """A block in which the caller's agency has a sheet made, one at a time.

        Raises, when it is entered:
            TimeoutError: another one takes too long.
        """
        return self._turns.turn(caller.agency_id, caller.client_id)

    async def page(
        self, agency_id: str, case_id: UUID, chosen: DisclosureFilter, after: Key | None, limit: int
    ) -> Page:
        """Disclosures by referral, message, agency and time, after a key.

        Raises:
            NotFound: this agency was never a party of such a case.
        """
        text = await self._pool.fetchval(
            LIST,
            agency_id,
            case_id,
            chosen.referral_id,
            chosen.agency_id,
            chosen.data_class,
            json.dumps([str(p) if isinstance(p, UUID) else p for p in after]) if after else None,
            limit,
            MOST_LOOKED_AT,
        )
        if text is None:
            raise NotFound
        page = json.loads(text)
        return Page([_disclosure(row) for row in page["items"]], page["next"])

    async def summarize(self, agency_id: str, case_id: UUID) -> Summary:
        """The disclosures of a case, summed up to be printed.

        Raises:
            NotFound: this agency was never a party of such a case.
        """
        summary, after = Summary(), None
        while True:
            text = await self._pool.fetchval(SUMMARIZE, agency_id, case_id, after, MOST_LOOKED_AT)
            if text is None:
                raise NotFound
            page = json.loads(text)
            summary.take(map(_disclosure, page["items"]))
            if page["next"] is None:
                return summary
            after = json.dumps(page["next"])

    async def record_export(self, caller: Caller, case_id: UUID, detail: Mapping[str, Any]) -> None:
        """Log that a sheet of them is exported, before it is handed out."""
        at = self._clock()
        entry = log_entry(at, "export", {"what": "disclosures", **detail}, caller, case_id=case_id)
        await self._pool.execute(WRITE_OWN_LOG, caller.agency_id, at, entries_json([entry]))


def key_of(parts: Sequence[Any]) -> Key:
    """The key made of these parts, which are numbers and ids, or their texts.

    Raises:
        ValueError: they are not the parts of a key.
    """
    referral, number, agency, at, rank, last = parts
    if not _AGENCY.fullmatch(agency):
        raise ValueError("no agency")
    return UUID(referral), _number(number), agency, _number(at), _number(rank, 9), UUID(last)


def _number(text: Any, most: int = 2**53 - 1) -> int:
    if not _NUMBER.fullmatch(str(text)) or int(text) > most:
        raise ValueError("no number of ours")
    return int(text)


def _disclosure(row: Mapping[str, Any]) -> Disclosure:
    return Disclosure(
        how=row["how"],
        at=datetime.fromisoformat(row["at"]),
        agency_id=row["agency_id"],
        party=row["party"],
        seat_id=row["seat_id"],
        classes=None if row["classes"] is None else tuple(map(DataClass, row["classes"])),
        referral_id=UUID(row["referral_id"]),
        via=UUID(row["via"]),
        message_id=UUID(row["message_id"]),
        type=row["type"],
        from_party=row["from"]["party"],
        from_agency=row["from"]["agency_id"],
        shown_by=UUID(row["shown_by"]) if row["shown_by"] else None,
        legal_basis=row["legal_basis"],
        consent_ids=tuple(map(UUID, row["consent_ids"])),
    )
