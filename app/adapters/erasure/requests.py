"""Requests to erase what other agencies hold too: what two seats ask for, what the others answer,
and the erasure when nobody objects."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.erasure.rows import ErasureRequestJson
from app.adapters.erasure.writing import ErasureWriter, hold
from app.adapters.inbox.bell import ring
from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.classes import DataClass
from app.domain.erasure.objections import (
    BACKUP_AGE,
    CopyHolder,
    ErasureReason,
    HeldReferral,
)
from app.domain.erasure.requests import (
    ErasureAnswer,
    RequestState,
    check_answer,
    erasable,
    objection_to_request,
    verdict,
)
from app.domain.erasure.retention import COMMANDED
from app.domain.errors import ActImpossible, AlreadyAnswered, NotFound
from app.domain.messages.digest import wire_time

if TYPE_CHECKING:
    from app.adapters.acts.work import Work
    from app.adapters.database.pool import Pool
    from app.adapters.erasure.writing import Connection
    from app.adapters.inbox.bell import Bell

REQUEST = "SELECT write_erasure_request($1)"
HOLD = "SELECT hold_erasure_request($1, $2)"
SETTLE = "SELECT settle_erasure_request($1)"
DUE = "SELECT * FROM due_erasure_requests($1, $2)"
LIST = "SELECT list_erasure_requests($1, $2, $3)"
MOST = 25
"""Requests that are settled in one step, each in a transaction of its own."""

REQUESTED, ENDED = "erasure.requested", "erasure.ended"
"""Kinds of inbox items."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A request with all answers, read while its case is locked."""

    id: UUID
    agency_id: str
    referral_id: UUID
    reason: ErasureReason
    classes: frozenset[DataClass]
    expires_at: datetime
    state: str
    asked: Sequence[Mapping[str, Any]]
    sent_since: Sequence[str] = ()
    """The types of what was sent in the referral since."""

    @property
    def answers(self) -> dict[str, str | None]:
        return {each["agency_id"]: each["answer"] for each in self.asked}

    @property
    def agencies(self) -> set[str]:
        return {self.agency_id, *self.answers}


class ErasureRequests:
    """Lists requests for those who ask and are asked, takes answers, and lets them be withdrawn."""

    def __init__(self, pool: "Pool", clock: Clock, bell: "Bell") -> None:
        self._pool = pool
        self._clock = clock
        self._bell = bell

    async def of_referral(self, agency_id: str, referral_id: UUID) -> list[ErasureRequestJson]:
        """The last requests about a referral that this agency has made or was sent."""
        text = await self._pool.fetchval(LIST, agency_id, referral_id, None)
        requests: list[ErasureRequestJson] = json.loads(text)
        return requests

    async def answer(
        self, caller: Caller, request_id: UUID, answer: ErasureAnswer
    ) -> ErasureRequestJson:
        """Answer a request. An objection ends it; the erasure itself is the worker's.

        Raises:
            NotFound: this agency was sent no such request.
            NotYourAct, AlreadyAnswered: as `check_answer` says.
        """
        recipients: set[str] = set()
        async with self._pool.acquire() as connection, connection.transaction():
            request = await _lock(connection, caller.agency_id, request_id)
            if caller.agency_id not in request.answers:
                raise NotFound
            given = request.answers[caller.agency_id]
            if given != answer:
                check_answer(caller.role, request.state, given, answer)
                rows = _answer_rows(request, caller, answer, self._clock())
                await connection.execute(SETTLE, json.dumps(rows))
                recipients = {item["agency_id"] for item in rows["items"]}
        self._bell.ring(recipients)
        return await self._read(caller.agency_id, request_id)

    async def withdraw(self, caller: Caller, request_id: UUID) -> ErasureRequestJson:
        """Withdraw a request of the caller's agency before anything is erased.

        Raises:
            NotFound: this agency has made no such request.
            AlreadyAnswered: it has ended otherwise.
        """
        recipients: set[str] = set()
        async with self._pool.acquire() as connection, connection.transaction():
            request = await _lock(connection, caller.agency_id, request_id)
            if caller.agency_id != request.agency_id:
                raise NotFound
            if request.state not in {RequestState.PENDING, RequestState.WITHDRAWN}:
                raise AlreadyAnswered
            if request.state == RequestState.PENDING:
                rows = _end_rows(request, RequestState.WITHDRAWN, self._clock(), caller=caller)
                await connection.execute(SETTLE, json.dumps(rows))
                recipients = {item["agency_id"] for item in rows["items"]}
        self._bell.ring(recipients)
        return await self._read(caller.agency_id, request_id)

    async def _read(self, agency_id: str, request_id: UUID) -> ErasureRequestJson:
        (row,) = json.loads(await self._pool.fetchval(LIST, agency_id, None, request_id))
        request: ErasureRequestJson = row
        return request


class RequestedErasures:
    """Erases what was asked for when nobody objects. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock, backup_age: timedelta = BACKUP_AGE) -> None:
        self._pool = pool
        self._clock = clock
        self._backup_age = backup_age

    async def settle_due(self) -> int:
        """Settle requests that are due, at most `MOST`; how many."""
        rows = await self._pool.fetch(DUE, self._clock(), MOST)
        return sum([await self._settle(r["id"], r["agency_id"], r["referral_id"]) for r in rows])

    async def _settle(self, request_id: UUID, agency_id: str, referral_id: UUID) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            referral = await hold(connection, agency_id, referral_id, wait=False)
            if referral is None:  # its case is busy
                return False
            request = await _lock(connection, agency_id, request_id)
            if request.state != RequestState.PENDING:
                return False
            recipients = await self._carry_out(connection, request, referral)
        await ring(self._pool, recipients)
        return bool(recipients)

    async def _carry_out(
        self, connection: "Connection", request: _Request, referral: HeldReferral
    ) -> set[str]:
        """Erase, or end the request, by all that holds now; which agencies get an inbox item."""
        at = self._clock()
        over = at >= request.expires_at
        asking = (referral, request.agency_id, request.classes)
        state, outcome = verdict(
            *asking, request.reason, request.answers, over=over, sent_since=request.sent_since
        )
        if state is RequestState.PENDING:
            return set()
        erases = state is RequestState.ERASED
        rows = _end_rows(request, state, at, outcome, notify=not erases)
        await connection.execute(SETTLE, json.dumps(rows))
        if not erases:
            return {item["agency_id"] for item in rows["items"]}
        classes = erasable(*asking, request.answers)
        writer = ErasureWriter(referral, classes, COMMANDED, at, self._backup_age, request.id)
        return await writer.write(connection)


async def request_erasure(
    work: "Work",
    referral: HeldReferral,
    classes: frozenset[DataClass],
    reason: ErasureReason,
    asked: Sequence[CopyHolder],
) -> Mapping[str, Any]:
    """Ask other agencies whether a referral may be erased that two seats want erased.

    Raises:
        ActImpossible: as `objection_to_request` says.
    """
    objection = objection_to_request(referral, tuple(asked), work.at)
    if objection is not None:
        raise ActImpossible(objection)
    request_id, until = work.act.id, work.at + work.objection_period
    if not work.rehearsed:
        holders = [
            {"agency_id": each.agency_id, "referral_id": str(each.referral_id)} for each in asked
        ]
        request = _Request(
            request_id, work.act.agency_id, referral.id, reason, classes, until,
            RequestState.PENDING, [{**each, "answer": None} for each in holders],
        )  # fmt: skip
        rows = {
            "at": work.at.isoformat(),
            "id": str(request_id),
            "agency_id": work.act.agency_id,
            "referral_id": str(referral.id),
            "reason": reason.value,
            "classes": sorted(classes),
            "requested_by": work.act.proposed_by,
            "expires_at": until.isoformat(),
            "asked": holders,
            "log": _log_rows(request, "requested", work.at, work.caller, request.agencies),
            "items": [_item(request, each["agency_id"], REQUESTED) for each in holders],
        }
        await work.connection.execute(REQUEST, json.dumps(rows))
        work.recipients.update(each.agency_id for each in asked)
    return {"request_id": str(request_id), "until": wire_time(until)}


async def _lock(connection: "Connection", agency_id: str, request_id: UUID) -> _Request:
    """Lock the case of a request, and read it.

    Raises:
        NotFound: this agency neither asks nor is asked.
    """
    text = await connection.fetchval(HOLD, agency_id, request_id)
    if text is None:
        raise NotFound
    row = json.loads(text)
    return _Request(
        id=UUID(row["id"]),
        agency_id=row["agency_id"],
        referral_id=UUID(row["referral_id"]),
        reason=ErasureReason[row["reason"].upper()],
        classes=frozenset(map(DataClass, row["classes"])),
        expires_at=datetime.fromisoformat(row["expires_at"]),
        state=row["state"],
        asked=row["asked"],
        sent_since=row["sent_since"],
    )


def _answer_rows(
    request: _Request, caller: Caller, answer: ErasureAnswer, at: datetime
) -> dict[str, Any]:
    """The argument of `settle_erasure_request` for an answer."""
    if answer is ErasureAnswer.OBJECTED:
        rows = _end_rows(request, RequestState.OBJECTED, at, caller=caller)
    else:
        log = _log_rows(request, answer.value, at, caller, [caller.agency_id])
        rows = _settling(request, at, caller, log)
    return rows | {"answer": answer.value, "seat_id": caller.seat_id}


def _end_rows(
    request: _Request,
    state: RequestState,
    at: datetime,
    outcome: str | None = None,
    *,
    caller: Caller | None = None,
    notify: bool = True,
) -> dict[str, Any]:
    """The argument of `settle_erasure_request` for the end of a request.

    Args:
        outcome: why nothing is erased.
        caller: whose answer or withdrawal ends it; None for the worker.
        notify: whether the others get an inbox item.
    """
    log = _log_rows(request, state.value, at, caller, request.agencies)
    others = request.agencies - ({caller.agency_id} if caller else set())
    items = [_item(request, agency, ENDED) for agency in sorted(others)] if notify else []
    return _settling(request, at, caller, log) | {
        "state": state.value,
        "outcome": outcome,
        "items": items,
    }


def _settling(
    request: _Request, at: datetime, caller: Caller | None, log: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "at": at.isoformat(),
        "id": str(request.id),
        "agency_id": caller.agency_id if caller else None,
        "log": log,
        "items": [],
    }


def _log_rows(
    request: _Request, step: str, at: datetime, caller: Caller | None, agencies: Iterable[str]
) -> list[dict[str, Any]]:
    """An entry for each of these agencies. None names another one that was asked."""
    return [_entry(request, agency, step, at, caller).row() for agency in sorted(agencies)]


def _entry(
    request: _Request, agency_id: str, step: str, at: datetime, caller: Caller | None
) -> LogEntry:
    by = caller.agency_id if caller else None
    knows = agency_id in {by, request.agency_id} or step in _SHOWN_TO_ALL
    detail = {
        "request_id": str(request.id),
        "step": step if knows else "ended",
        "of": request.agency_id,
        "reason": request.reason.value,
    }
    return log_entry(
        at,
        "erasure_request",
        detail,
        caller if by in {agency_id, request.agency_id} else None,
        [agency_id],
        referral_id=_referral_of(request, agency_id),
    )


_SHOWN_TO_ALL = frozenset({"requested", RequestState.ERASED.value})
"""Steps that say nothing of the others that were asked."""


def _item(request: _Request, agency_id: str, kind: str) -> dict[str, Any]:
    is_asked = agency_id != request.agency_id
    return {
        "agency_id": agency_id,
        "kind": kind,
        "referral_id": str(_referral_of(request, agency_id)),
        "type": "erase",
        "urgency": "normal",
        "from_agency": request.agency_id if is_asked else None,
    }


def _referral_of(request: _Request, agency_id: str) -> UUID:
    """The referral under which an agency knows what would be erased."""
    through = (UUID(a["referral_id"]) for a in request.asked if a["agency_id"] == agency_id)
    return next(through, request.referral_id)
