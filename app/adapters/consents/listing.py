"""The consents of a case that an agency may see."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.domain.calendar.clock import Clock
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, ConsentRecord
from app.domain.consents.coverage import EFFECTIVE, consent_state
from app.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.adapters.database.pool import Pool

LIST = "SELECT list_consents($1, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True)
class KnownConsent:
    """A consent as one agency may see it."""

    consent: Consent
    referral_id: UUID | None
    """The referral where it was recorded; None for a recipient that is no party of it."""
    state: str
    """Its state today in the referrals where it counts for this agency."""
    recorded_in: UUID | None
    """The message that recorded it, if this agency may read that."""
    withdrawn_in: UUID | None
    """The message that withdrew it, or a part of it, if this agency may read that."""
    confirmed_in: UUID | None
    """The message that confirmed it as a claim, if this agency may read that."""
    counts_in: Sequence[UUID]
    """The referrals of this agency in which data can be disclosed on it."""


class Consents:
    """Reads the consents that an agency may see."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def of_case(
        self, agency_id: str, case_id: UUID, after: tuple[date, UUID] | None, limit: int
    ) -> Sequence[KnownConsent]:
        """The consents of a case that this agency may see, by first day and id.

        An agency whose part has ended, and a named recipient, see what they could see then.

        Raises:
            NotFound: there is no such case, or the agency never had a part in it.
        """
        text = await self._pool.fetchval(LIST, agency_id, case_id, *(after or (None, None)), limit)
        if text is None:
            raise NotFound
        today = self._clock().date()
        return [_known_consent(row, today) for row in json.loads(text)]


def _known_consent(row: "Mapping[str, Any]", today: date) -> KnownConsent:
    record = ConsentRecord(
        id=UUID(row["id"]),
        purpose=row["purpose"],
        recipients=tuple(row["recipients"]),
        classes=frozenset(map(DataClass, row["classes"])),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_until=_day(row["valid_until"]),
    )
    referral_id = _id(row["referral_id"])
    # An agency that is no party of the referral is not given its id.
    consent = Consent(
        record,
        referral_id or record.id,
        _day(row["withdrawn_on"]),
        frozenset(row["withdrawn_items"]),
        row["recorded_by"],
        row["claimed"],
    )
    state = consent_state(consent, today)
    counting = row["counts_in"]
    if state == EFFECTIVE and counting and all(each["suspended"] for each in counting):
        state = "suspended"
    return KnownConsent(
        consent,
        referral_id,
        state,
        _id(row["recorded_in"]),
        _id(row["withdrawn_in"]),
        _id(row["confirmed_in"]),
        [UUID(each["referral_id"]) for each in counting],
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
