"""Requests to give back opened copies: what two seats ask for, and what the holder answers."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.deliveries.recalls import (
    HOLD,
    WRITE,
    RecallRows,
    ReplacedFacts,
    put_facts_back,
    read_sent_message,
)
from app.adapters.ids import time_ordered_id
from app.adapters.inbox.bell import ring
from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.deliveries.recall import (
    RecallAnswer,
    RecallReason,
    RefusalReason,
    check_answer,
    check_sender,
    copies_to_request,
    request_expires,
)
from app.domain.errors import (
    ActImpossible,
    AlreadyAnswered,
    AlreadyRecalled,
    Invalid,
    NotFound,
    RecallImpossible,
)

if TYPE_CHECKING:
    from app.adapters.acts.work import Effect, Work
    from app.adapters.database.pool import Pool
    from app.adapters.inbox.bell import Bell

REQUEST = "SELECT write_recall_requests($1)"
HOLD_REQUEST = "SELECT hold_recall_request($1, $2)"
SETTLE = "SELECT settle_recall_request($1)"
LIST = "SELECT list_recall_requests($1, $2, $3, $4)"
DUE = "SELECT due_recall_requests($1, $2)"
MOST = 50
"""Requests that lapse in one step."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """A request to one agency, as both sides see it."""

    id: UUID
    message_id: UUID
    referral_id: UUID
    """The referral in which the message was sent."""
    type: str
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None
    reason: str
    requested_at: datetime
    expires_at: datetime
    state: str
    """`open`, `accepted`, `refused` or `lapsed`."""
    settled_at: datetime | None
    settled_by: str | None
    refusal_reason: str | None


class RecallRequests:
    """Lists requests for both sides, and records the answers of the agencies that were asked."""

    def __init__(self, pool: "Pool", clock: Clock, bell: "Bell", replaced: ReplacedFacts) -> None:
        self._pool = pool
        self._clock = clock
        self._bell = bell
        self._replaced = replaced

    async def page(
        self, agency_id: str, before: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[RecallRequest]:
        """Requests by or to this agency, the newest first."""
        text = await self._pool.fetchval(LIST, agency_id, *(before or (None, None)), limit)
        return [_request(row, self._clock()) for row in json.loads(text)]

    async def answer(
        self, caller: Caller, request_id: UUID, answer: RecallAnswer, reason: RefusalReason | None
    ) -> RecallRequest:
        """Answer a request. If it is accepted, the copy is recalled in the same transaction.

        A request lapses when its time has passed, or when its sender could recall nothing any
        more. The answer is then not taken.

        Raises:
            NotFound: this agency was sent no such request.
            Invalid: as `check_answer` says.
            AlreadyAnswered: it was answered otherwise, or has lapsed.
        """
        check_answer(answer, reason)
        recipients: set[str] = set()
        async with self._pool.acquire() as connection, connection.transaction():
            text = await connection.fetchval(HOLD_REQUEST, caller.agency_id, request_id)
            if text is None:
                raise NotFound
            held, at = json.loads(text), self._clock()
            request = held["request"]
            if request["state"] != "open":
                return _settled_request(_request(request, at), answer, reason)
            state = "lapsed" if _is_void(held, at) else answer.value
            answered = _settling(request, state, at, caller, reason)
            recall = _recall_rows(held, caller, at) if state == RecallAnswer.ACCEPTED else None
            if recall is not None:
                message_id = UUID(request["message_id"])
                before = await self._replaced.of(connection, caller.agency_id, message_id)
                put_facts_back(recall, before)
                # One delivery of both: two would lock mailboxes out of the order of their ids.
                recall["items"] = [*answered["items"], *recall["items"]]
                answered["items"] = []
            settled = await connection.fetchval(SETTLE, json.dumps(answered))
            if recall is not None:
                await connection.execute(WRITE, json.dumps(recall))
                recipients = {item["agency_id"] for item in recall["items"]}
        self._bell.ring({request["sender_agency"], request["recipient_agency"]} | recipients)
        return _settled_request(_request(json.loads(settled), at), answer, reason)


class LapsingRequests:
    """Lets requests lapse that nobody has answered. Any number of workers may do so at once."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def lapse_due(self) -> int:
        """Let due requests lapse; how many there were, at most `MOST`."""
        lapsed = 0
        while lapsed < MOST and await self._lapse_one():
            lapsed += 1
        return lapsed

    async def _lapse_one(self) -> bool:
        """Whether there was one; in a transaction of its own, since both its sides are notified.

        Mailboxes of several requests would be locked out of the order of their ids.
        """
        at = self._clock()
        async with self._pool.acquire() as connection, connection.transaction():
            rows = json.loads(await connection.fetchval(DUE, at, 1))
            for row in rows:
                settled = json.dumps(_settling(row, "lapsed", at, None, None))
                await connection.execute(SETTLE, settled)
        await ring(self._pool, {agency for row in rows for agency in _sides(row)})
        return bool(rows)


async def request_recall(work: "Work") -> Mapping[str, Any]:
    """Ask the holders of opened copies to give them back."""
    detail, act = work.act.detail, work.act
    referral_id, message_id = _uuid(detail["referral_id"]), _uuid(act.target)
    text = await work.connection.fetchval(HOLD, act.agency_id, referral_id, message_id)
    if text is None:
        raise NotFound
    message, recipients = json.loads(text), detail.get("recipients")
    reason = RecallReason[detail["reason"].upper()]
    try:
        copies = copies_to_request(read_sent_message(message), reason, recipients, work.at)
    except RecallImpossible as impossible:
        raise ActImpossible(impossible.reason) from None
    except (Invalid, AlreadyRecalled) as refused:
        raise ActImpossible("no_recipient" if type(refused) is Invalid else refused.code) from None
    if not copies:
        raise ActImpossible(AlreadyRecalled.code)
    requests = [
        {
            "id": str(time_ordered_id(work.at)),
            "message_id": str(message_id),
            "referral_id": str(referral_id),
            "reader_referral_id": str(copy.referral_id),
            "type": message["type"],
            "sender_agency": act.agency_id,
            "recipient_agency": copy.agency_id,
            "recipient_party": copy.party if copy.named else None,
            "reason": reason.value,
            "requested_by": act.proposed_by,
            "expires_at": request_expires(work.at).isoformat(),
        }
        for copy in copies
    ]
    rows = {
        "at": work.at.isoformat(),
        "act_id": str(act.id),
        "requests": requests,
        "log": [_entry(r, "requested", work.at, work.caller).row() for r in requests],
        "items": [_item(r, r["recipient_agency"], "recall.requested") for r in requests],
    }
    if not await work.connection.fetchval(REQUEST, json.dumps(rows)):
        raise ActImpossible("asked")
    work.recipients.update(r["recipient_agency"] for r in requests)
    return {"requests": len(requests)}


RECALL: "Mapping[str, Effect]" = {"recall.request": request_recall}
"""The effect of each kind of act about recalls."""


def _is_void(held: Row, at: datetime) -> bool:
    """Whether a request can be answered no more."""
    if at >= datetime.fromisoformat(held["request"]["expires_at"]):
        return True
    try:
        check_sender(read_sent_message(held["message"]))
    except RecallImpossible:
        return True
    return False


def _recall_rows(held: Row, caller: Caller, at: datetime) -> dict[str, Any] | None:
    """The recall of the copy of the agency that agreed; None if there is none to recall."""
    request, message = held["request"], held["message"]
    copies = [
        copy
        for copy in read_sent_message(message).copies
        if copy.agency_id == caller.agency_id and copy.recalled_for is None
    ]
    if not copies:
        return None
    return RecallRows(
        caller,
        request["sender_agency"],
        request["requested_by"],
        UUID(request["referral_id"]),
        UUID(request["message_id"]),
        RecallReason[request["reason"].upper()],
        message,
        at,
    ).rows(copies)


def _settled_request(
    request: RecallRequest, answer: RecallAnswer, reason: RefusalReason | None
) -> RecallRequest:
    """The request as it was settled.

    Raises:
        AlreadyAnswered: it was answered otherwise.
    """
    if request.state == "lapsed":
        return request
    if (request.state, request.refusal_reason) != (answer.value, reason and reason.value):
        raise AlreadyAnswered
    return request


def _settling(
    row: Row, state: str, at: datetime, caller: Caller | None, reason: RefusalReason | None
) -> dict[str, Any]:
    """The argument of `settle_recall_request`."""
    refused = state == RecallAnswer.REFUSED and reason is not None
    kind = "recall.lapsed" if state == "lapsed" else "recall.answered"
    return {
        "at": at.isoformat(),
        "id": row["id"],
        "state": state,
        "settled_by": caller.seat_id if caller and state != "lapsed" else None,
        "refusal_reason": reason.value if refused and reason else None,
        "log": [_entry(row, state, at, caller if state != "lapsed" else None).row()],
        "items": [_item(row, agency, kind) for agency in _agencies_to_notify(row, state)],
    }


def _agencies_to_notify(row: Row, state: str) -> Collection[str]:
    return sorted(_sides(row)) if state == "lapsed" else [row["sender_agency"]]


def _sides(row: Row) -> tuple[str, str]:
    return row["sender_agency"], row["recipient_agency"]


def _entry(row: Row, step: str, at: datetime, caller: Caller | None) -> LogEntry:
    detail = {"request_id": row["id"], "step": step, "of": row["recipient_agency"]}
    return log_entry(
        at,
        "recall_request",
        {**detail, "reason": row["reason"]},
        caller,
        _sides(row),
        referral_id=row["referral_id"],
        message_id=row["message_id"],
    )


def _item(row: Row, agency_id: str, kind: str) -> dict[str, Any]:
    to_reader = agency_id == row["recipient_agency"]
    return {
        "agency_id": agency_id,
        "kind": kind,
        "referral_id": row["reader_referral_id"] if to_reader else row["referral_id"],
        "message_id": row["message_id"],
        "type": row["type"],
        "urgency": "normal",
        "from_party": None,
        "from_agency": row["sender_agency"] if to_reader else row["recipient_agency"],
    }


def _request(row: Row, at: datetime) -> RecallRequest:
    expires_at = datetime.fromisoformat(row["expires_at"])
    lapsed = row["state"] == "open" and at >= expires_at
    return RecallRequest(
        id=UUID(row["id"]),
        message_id=UUID(row["message_id"]),
        referral_id=UUID(row["referral_id"]),
        type=row["type"],
        sender_agency=row["sender_agency"],
        recipient_agency=row["recipient_agency"],
        recipient_party=row["recipient_party"],
        reason=row["reason"],
        requested_at=datetime.fromisoformat(row["requested_at"]),
        expires_at=expires_at,
        state="lapsed" if lapsed else row["state"],
        settled_at=datetime.fromisoformat(row["settled_at"]) if row["settled_at"] else None,
        settled_by=row["settled_by"],
        refusal_reason=row["refusal_reason"],
    )


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
