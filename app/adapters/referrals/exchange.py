"""Accepts messages: writes a message and all its effects in one transaction, or nothing."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson

from app.adapters.consents.rows import agencies_to_notify
from app.adapters.database.shares import about
from app.adapters.ids import time_ordered_id
from app.adapters.keys.vault import StoredKeys
from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.adapters.referrals.case_rows import read_case, read_keys
from app.adapters.referrals.decision_rows import AcceptanceAnswer, DecisionWriter
from app.adapters.referrals.facts import (
    NOTHING_OPENED,
    OpenedFacts,
    keys_to_open,
    open_facts,
)
from app.adapters.referrals.message_rows import content_to_repeat
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock, not_before
from app.domain.cases.case import Case
from app.domain.cases.quota import Quota, day_began
from app.domain.decisions.audience import foreseen_readers
from app.domain.decisions.decide import check_id_of_consent, decide
from app.domain.decisions.decision import Copy, Decision
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Directory
from app.domain.errors import Busy, IdReused, NotFound, Refusal, TooManyToday
from app.domain.flows import FLOWS
from app.domain.keys.ports import WrappedKey
from app.domain.messages.digest import segments
from app.domain.messages.message import Message

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection, Pool
    from app.adapters.inbox.bell import Bell

    Executor = Pool | Connection | PoolConnectionProxy[Record]

LOAD = "SELECT load_case($1, $2, $3, $4, $5)"
REPEAT = "SELECT find_repeat($1)"
COUNT = "SELECT count_sent($1, $2, $3)"
LATEST = "SELECT latest_in_mailboxes($1)"
ACCEPT = "SELECT accept($1, $2, $3, $4, $5, $6, $7, $8)"
TRIES = 3
"""Tries without a lock, each of which a change of the case can defeat. The last try locks it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a message, and whether the message is a repeat."""

    answer: AcceptanceAnswer
    repeated: bool


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The decision on a message that is not sent, and its readers that the sender may foresee."""

    decision: Decision
    readers: Sequence[Copy]
    urgency: str
    """With which it would be carried."""


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """A case with its keys, and the version it must still have when it is written."""

    case: Case
    keys: StoredKeys
    expected: int | None
    latest_at: datetime | None
    """When the last message of the case was accepted; None for a new case."""
    in_mailboxes: tuple[datetime, ...]
    """The latest time in each mailbox of the sender, of the case's parties, and of the recipients
    that the message names."""
    opened: OpenedFacts = NOTHING_OPENED


class RepeatedMessage(Exception):
    """A message with this id was accepted before. `row` is what is stored of it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__("repeated")
        self.row = row


class Exchange:
    """Accepts messages. Nothing else in the service writes to a case."""

    def __init__(
        self,
        pool: "Pool",
        writer: DecisionWriter,
        directory: Callable[[], Directory],
        clock: Clock,
        bell: "Bell",
        quota: Quota | None = None,
    ) -> None:
        self._pool = pool
        self._quota = quota or Quota()
        self._writer = writer
        self._directory = directory
        self._clock = clock
        self._bell = bell

    async def accept(
        self, message: Message, caller: Caller, if_match: frozenset[str] = frozenset()
    ) -> Accepted:
        """Decide on `message`, and write it and all its effects, or nothing.

        The transaction is committed before this returns.

        Raises:
            IdReused: another message, or another agency's, has this id.
            Busy: the case changed at every try.
            Refusal: whatever `decide` refuses.
        """
        try:
            return await self._accept(message, caller, if_match)
        except TooManyToday:
            raise  # counted with the refused calls: a limit must not become a way to fill the log
        except Refusal as refusal:
            await self._log(message, caller, "refusal", {"code": refusal.code})
            raise

    async def rehearse(
        self, message: Message, caller: Caller, if_match: frozenset[str] = frozenset()
    ) -> Rehearsed | Accepted:
        """Decide on `message` without sending it; its first answer, if it was accepted before.

        Writes nothing but a log entry of the rehearsal.

        Raises:
            IdReused: another message, or another agency's, has this id.
            Refusal: whatever `decide` refuses.
        """
        try:
            rehearsal = await self._rehearse(message, caller, if_match)
        except Refusal as refusal:
            await self._log(message, caller, "refusal", {"code": refusal.code})
            raise
        await self._log(message, caller, "rehearsal", {})
        return rehearsal

    async def _rehearse(
        self, message: Message, caller: Caller, if_match: frozenset[str]
    ) -> Rehearsed | Accepted:
        try:
            loaded = await self._load(self._pool, message, caller, hold=False)
        except RepeatedMessage as repeated:
            return await self._repeat_answer(repeated.row, message, caller)
        if loaded.expected is None and (row := await _own_repeat(self._pool, message, caller)):
            return await self._repeat_answer(row, message, caller)
        submission = self._submission(loaded, message, caller)
        decision = decide(submission, if_match)
        urgency = message.urgency_on(submission.at.date())
        return Rehearsed(decision, foreseen_readers(submission, decision), urgency)

    async def _accept(self, message: Message, caller: Caller, if_match: frozenset[str]) -> Accepted:
        try:
            for _ in range(TRIES):
                if answer := await self._try_to_accept(
                    self._pool, message, caller, if_match, hold=False
                ):
                    return Accepted(answer, repeated=False)
            async with self._pool.acquire() as connection, connection.transaction():
                answer = await self._try_to_accept(connection, message, caller, if_match, hold=True)
        except asyncpg.UniqueViolationError:
            return await self._first_answer(message, caller)
        except RepeatedMessage as repeated:
            return await self._repeat_answer(repeated.row, message, caller)
        if answer is None:
            raise Busy
        return Accepted(answer, repeated=False)

    async def _try_to_accept(
        self,
        executor: "Executor",
        message: Message,
        caller: Caller,
        if_match: frozenset[str],
        *,
        hold: bool,
    ) -> AcceptanceAnswer | None:
        """Decide and write once; None if the case has changed since it was loaded."""
        loaded = await self._load(executor, message, caller, hold=hold)
        about(loaded.case.id)  # all that write to one case wait in one line
        await self._check_quota(executor, loaded, message, caller)
        submission = self._submission(loaded, message, caller)
        try:
            decision = decide(submission, if_match)
            check_id_of_consent(submission)
        except Refusal:
            # A new case is decided on without reading the database. If the message is a repeat,
            # its first answer takes precedence over the refusal.
            if loaded.expected is None and (row := await _own_repeat(executor, message, caller)):
                raise RepeatedMessage(row) from None
            raise
        arguments = await self._writer.write(
            submission, decision, loaded.keys, loaded.expected, loaded.opened
        )
        if not await executor.fetchval(ACCEPT, *arguments.values()):
            return None
        recipients = {item["agency_id"] for item in arguments.rows["items"]}
        self._bell.ring(recipients | agencies_to_notify(decision))
        return arguments.answer

    def _submission(self, loaded: LoadedCase, message: Message, caller: Caller) -> Submission:
        """What is to be decided, at a time that is not earlier than what was there before."""
        at = not_before(self._clock(), loaded.latest_at, loaded.in_mailboxes)
        return Submission(loaded.case, message, caller, self._directory(), at)

    async def _load(
        self, executor: "Executor", message: Message, caller: Caller, *, hold: bool
    ) -> LoadedCase:
        named: list[datetime] = []
        if message.opens or message.to:
            named = await executor.fetchval(LATEST, [caller.agency_id, *message.to.values()])
        if message.opens and message.parent is None:
            new = Case(time_ordered_id(self._clock()))
            return LoadedCase(new, {}, None, None, tuple(named))
        referenced = [message.in_reply_to, message.corrects, *message.shared_messages]
        text = await executor.fetchval(
            LOAD,
            caller.agency_id,
            message.id,
            message.parent or message.referral_id,
            [i for i in referenced if i is not None],
            hold,
        )
        row = orjson.loads(text) if text else None
        if row is None:
            raise NotFound
        if "repeat" in row:
            raise RepeatedMessage(row["repeat"])
        in_mailboxes = map(datetime.fromisoformat, row["latest_in_mailboxes"])
        keys = read_keys(row)
        opened = await self._open_facts(row["referrals"], keys)
        return LoadedCase(
            read_case(row),
            keys,
            row["version"],
            datetime.fromisoformat(row["latest_at"]),
            (*named, *in_mailboxes),
            opened,
        )

    async def _check_quota(
        self, executor: "Executor", loaded: LoadedCase, message: Message, caller: Caller
    ) -> None:
        """Count what the party has sent, unless it cannot be too much.

        Raises:
            ReferralFull, TooManyToday: as `Quota.check` says.
        """
        referral = loaded.case.referrals.get(message.referral_id)
        if referral is None or not self._quota.least:
            return
        if referral.party_of(caller.agency_id).view.number < self._quota.least:
            return
        at = self._clock()
        text = await executor.fetchval(COUNT, caller.agency_id, referral.id, day_began(at))
        counted = json.loads(text)
        vital = message.body.type in FLOWS[referral.flow].vital_types
        self._quota.check(counted["sent"], counted["today"], at, vital=vital)

    async def _open_facts(self, rows: list[dict[str, Any]], stored: StoredKeys) -> OpenedFacts:
        """Open the sealed facts of these referrals in place. Those without a key are erased."""
        names = [(r, c) for r, c in sorted(keys_to_open(rows)) if c in stored[r]]
        keys = await self._writer.vault.unwrap([(r, c, stored[r][c]) for r, c in names])
        return open_facts(rows, dict(zip(names, keys, strict=True)))

    async def _first_answer(self, message: Message, caller: Caller) -> Accepted:
        """The answer to a message with the same id that was accepted at the same time."""
        text = await self._pool.fetchval(REPEAT, message.id)
        if text is None:
            raise IdReused
        return await self._repeat_answer(json.loads(text), message, caller)

    async def _repeat_answer(
        self, row: Mapping[str, Any], message: Message, caller: Caller
    ) -> Accepted:
        if row["caller_agency"] != caller.agency_id or not await self._is_same_message(
            row, message
        ):
            raise IdReused
        answer = AcceptanceAnswer(
            referral_id=UUID(row["referral_id"]),
            message_id=message.id,
            state=row["state"],
            accepted_at=datetime.fromisoformat(row["accepted_at"]),
            digest=row["digest"],
            receipt=row["receipt"],
            version=row["version"],
            urgency=row["urgency"],
        )
        return Accepted(answer, repeated=True)

    async def _is_same_message(self, row: Mapping[str, Any], message: Message) -> bool:
        """Whether `message` repeats the stored one. After erasure nobody can tell: then true."""
        if row["referral_id"] != str(message.referral_id):
            return False
        if row["key"] is None:
            return True
        stored = {"C0": WrappedKey(row["key"]["master"], bytes.fromhex(row["key"]["wrapped"]))}
        own = message.referral_id
        rings = await self._writer.vault.keyrings({own: stored}, {own: stored})
        content = content_to_repeat(message, segments(message.body))
        return hmac.compare_digest(rings[own].mac(content), bytes.fromhex(row["mac"]))

    async def _log(
        self, message: Message, caller: Caller, kind: str, detail: Mapping[str, Any]
    ) -> None:
        """Log a call that changed nothing. It names no referral: that may be another agency's."""
        at = self._clock()
        entry = log_entry(at, kind, {**detail, "type": message.body.type}, caller)
        await self._pool.execute(WRITE_OWN_LOG, caller.agency_id, at, entries_json([entry]))


async def _own_repeat(
    executor: "Executor", message: Message, caller: Caller
) -> Mapping[str, Any] | None:
    """What is stored of a message with this id, if the caller's agency sent it.

    Another agency's is refused where a new message would be, and rehearsed as a new one.
    """
    text = await executor.fetchval(REPEAT, message.id)
    row: Mapping[str, Any] | None = json.loads(text) if text else None
    return row if row and row["caller_agency"] == caller.agency_id else None
