"""Requests to return or destroy data: lists of them, answers, and reminders when they are late."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.inbox.bell import ring
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.consents.return_requests import ReturnAnswer, ReturnRequest, check_answer
from app.domain.errors import AlreadyAnswered, Invalid, NotFound
from app.domain.vocabulary.law import LegalBasis

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

SENT_TO = "SELECT list_returns($1, $2, $3, $4, $5)"
OF_CASE = "SELECT list_case_returns($1, $2, $3, $4, $5)"
ANSWER = "SELECT answer_return($1)"
TELL = "SELECT tell_returns($1, $2, $3)"
MOST = 200

Row = Mapping[str, Any]


class ReturnRequests:
    """Lists requests for the agencies that were sent or follow them, and records answers."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def sent_to(
        self, agency_id: str, after: tuple[bool, date, UUID] | None, limit: int
    ) -> Sequence[ReturnRequest]:
        """The requests to this agency, the open ones first, by the day they are due."""
        text = await self._pool.fetchval(SENT_TO, agency_id, *(after or (None, None, None)), limit)
        return [_request(row) for row in json.loads(text)]

    async def of_case(
        self, agency_id: str, case_id: UUID, after: tuple[date, UUID] | None, limit: int
    ) -> Sequence[ReturnRequest]:
        """The requests of a case that this agency was sent or follows, by the day they are due.

        Raises:
            NotFound: there is no such case, or the agency never had a part in it.
        """
        text = await self._pool.fetchval(
            OF_CASE, agency_id, case_id, *(after or (None, None)), limit
        )
        if text is None:
            raise NotFound
        return [_request(row) for row in json.loads(text)]

    async def answer(
        self,
        caller: Caller,
        request_id: UUID,
        answer: ReturnAnswer,
        on: date,
        legal_basis: LegalBasis | None,
    ) -> ReturnRequest:
        """Record the answer to a request, once, and notify the agencies that follow it.

        The agency that was sent the request answers. For an agency that is not connected, one
        that disclosed the data to it answers.

        Raises:
            NotFound: there is no such request for this agency.
            Invalid: as `check_answer` says, or the answer's day lies before the request.
            AlreadyAnswered: it was answered before, and differently.
        """
        at = self._clock()
        check_answer(answer, on, legal_basis, at.date())
        text = await self._pool.fetchval(
            ANSWER,
            json.dumps(
                {
                    "id": str(request_id),
                    "agency_id": caller.agency_id,
                    "seat_id": caller.seat_id,
                    "client_id": caller.client_id,
                    "at": at.isoformat(),
                    "answer": answer.value,
                    "on": on.isoformat(),
                    "legal_basis": legal_basis.value if legal_basis else None,
                }
            ),
        )
        if text is None:
            raise NotFound
        row = json.loads(text)
        if row.get("before_request"):
            raise Invalid.at("/on", "before_request")
        if row["conflict"]:
            raise AlreadyAnswered
        return _request(row)

    def today(self) -> date:
        """The day by the service's clock."""
        return self._clock().date()


class LateReturnRequests:
    """Sends reminders of late requests. Any number of workers may run it at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell_late(self) -> int:
        """Send one reminder of each late request; how many were looked at, at most `MOST`."""
        at = self._clock()
        row = json.loads(await self._pool.fetchval(TELL, at, at.date(), MOST))
        await ring(self._pool, row["agencies"])
        looked_at: int = row["looked_at"]
        return looked_at


def _request(row: Row) -> ReturnRequest:
    answered = row["answered_at"]
    return ReturnRequest(
        id=UUID(row["id"]),
        case_id=UUID(row["case_id"]),
        referral_id=UUID(row["referral_id"]),
        agency_id=row["agency_id"],
        party=row["party"],
        requested_at=datetime.fromisoformat(row["requested_at"]),
        due_on=date.fromisoformat(row["due_on"]),
        answered_at=datetime.fromisoformat(answered) if answered else None,
        answered_by=row["answered_by"],
        answer=row["answer"],
        done_on=date.fromisoformat(row["done_on"]) if answered else None,
        legal_basis=row["legal_basis"],
        consent_ids=_ids(row.get("consent_ids")),
        classes=tuple(row["classes"]) if "classes" in row else None,
        message_ids=_ids(row.get("message_ids")),
        messages=row.get("messages"),
    )


def _ids(texts: Sequence[str] | None) -> tuple[UUID, ...] | None:
    return None if texts is None else tuple(map(UUID, texts))
