"""Accepts messages: writes a message and all its effects in one transaction, or nothing."""

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg

from app.adapters.consents.rows import agencies_to_notify
from app.adapters.database.batches import Batches
from app.adapters.database.shares import in_turns
from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.adapters.outage import Outage, outage_of
from app.adapters.referrals.decision_rows import (
    AcceptanceAnswer,
    DecidedMessage,
    DecisionWriter,
    accept_arguments,
)
from app.adapters.referrals.loading import CaseLoader, LoadedCase, RepeatedMessage, Sending
from app.adapters.referrals.message_rows import content_to_repeat
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock, not_before
from app.domain.cases.quota import Quota
from app.domain.decisions.audience import foreseen_readers
from app.domain.decisions.decide import check_id_of_consent, decide
from app.domain.decisions.decision import Copy, Decision
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Directory
from app.domain.errors import Busy, IdReused, NotFound, Refusal, TooManyToday
from app.domain.keys.ports import WrappedKey
from app.domain.messages.digest import segments
from app.domain.messages.message import Message

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection, Pool
    from app.adapters.inbox.bell import Bell

    Executor = Pool | Connection | PoolConnectionProxy[Record]

REPEAT = "SELECT find_repeat($1)"
ACCEPT = "SELECT accept($1, $2, $3)"
TRIES = 3
"""Tries without a lock, each of which a change of the case can defeat. The last try locks it."""
ALONE = 60.0
"""Seconds for which messages of an agency go alone, after the database refused one of them."""


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


Outcome: TypeAlias = AcceptanceAnswer | Exception | None
"""Of a message in a batch: its answer; why it is not accepted; None: it is to be tried alone."""


@dataclass(slots=True)
class Attempt:
    """A message on its way: what there is for it, what was decided, and what became of it."""

    sending: Sending
    loaded: LoadedCase | NotFound | RepeatedMessage
    decided: DecidedMessage | None = None
    outcome: Outcome = None


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
        self._loader = CaseLoader(writer.vault, clock, quota or Quota())
        self._writer = writer
        self._directory = directory
        self._clock = clock
        self._bell = bell
        self._batches: Batches[Sending, Outcome] = Batches(self._write_together)
        self._alone_until: dict[str, float] = {}

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
            return await self._accept(Sending(message, caller, if_match))
        except TooManyToday:
            self._write_alone_for_now(caller)
            raise  # counted with the refused calls: a limit must not become a way to fill the log
        except Refusal as refusal:
            if isinstance(refusal, IdReused):
                self._write_alone_for_now(caller)
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
        sending = Sending(message, caller, if_match)
        (loaded,) = await self._loader.load(self._pool, [sending])
        if isinstance(loaded, RepeatedMessage):
            return await self._repeat_answer(loaded.row, message, caller)
        if isinstance(loaded, Exception):
            raise loaded
        submission = self._submission(loaded, sending)
        decision = decide(submission, if_match)
        urgency = message.urgency_on(submission.at.date())
        return Rehearsed(decision, foreseen_readers(submission, decision), urgency)

    async def _accept(self, sending: Sending) -> Accepted:
        message, caller = sending.message, sending.caller
        try:
            answer = await self._accept_with_others(sending) or await self._accept_alone(sending)
        except asyncpg.UniqueViolationError:
            return await self._first_answer(message, caller)
        except RepeatedMessage as repeated:
            return await self._repeat_answer(repeated.row, message, caller)
        return Accepted(answer, repeated=False)

    async def _accept_with_others(self, sending: Sending) -> AcceptanceAnswer | None:
        """Accept it with what waits; None if it has to be tried alone."""
        agency_id = sending.caller.agency_id
        if monotonic() < self._alone_until.get(agency_id, 0.0):
            return None
        return _answer_in(await self._batches.outcome(agency_id, sending.subject, sending))

    def _write_alone_for_now(self, caller: Caller) -> None:
        """Keep messages of this agency apart: what the database refuses makes a whole batch be
        written again one by one."""
        self._alone_until[caller.agency_id] = monotonic() + ALONE

    async def _accept_alone(self, sending: Sending) -> AcceptanceAnswer:
        """Accept what could not be written with others: its case has changed, or is held.

        It waits as a call of its own, in the share of its agency, and keeps no other waiting.

        Raises:
            Busy: the case changed at every try.
        """
        for _ in range(TRIES):
            (outcome,) = await self._try_to_accept(self._pool, [sending])
            if answer := _answer_in(outcome):
                return answer
        async with self._pool.acquire() as connection, connection.transaction():
            (outcome,) = await self._try_to_accept(connection, [sending], hold=True)
        if answer := _answer_in(outcome):
            return answer
        raise Busy

    async def _write_together(self, sendings: Sequence[Sending]) -> list[Outcome]:
        """Accept messages in one transaction; what keeps one from it, keeps no other."""
        try:
            return await self._try_to_accept(self._pool, sendings, together=True)
        except Exception as error:
            if outage_of(error) is Outage.AWAY:
                raise
            return [None] * len(sendings)

    async def _try_to_accept(
        self,
        executor: "Executor",
        sendings: Sequence[Sending],
        *,
        together: bool = False,
        hold: bool = False,
    ) -> list[Outcome]:
        """Decide on messages of different cases, and write those that are accepted, once.

        Args:
            together: wait for no case that is held, and write nothing that takes long.
            hold: lock the case.
        """
        loaded = await self._loader.load(executor, sendings, hold=hold)
        attempts = [Attempt(*each) for each in zip(sendings, loaded, strict=True)]
        await self._decide_on(executor, attempts, together=together)
        await self._write(executor, [a for a in attempts if a.decided], together=together)
        return [attempt.outcome for attempt in attempts]

    async def _decide_on(
        self, executor: "Executor", attempts: Sequence[Attempt], *, together: bool
    ) -> None:
        """Decide on each; those that cannot be written with the others are left as they are."""
        cases: set[UUID] = set()
        async for attempt in in_turns(attempts):
            loaded = attempt.loaded
            if isinstance(loaded, Exception):
                attempt.outcome = loaded
            elif not together or self._goes_with(loaded, attempt.sending, cases):
                cases.add(loaded.case.id)
                try:
                    await self._loader.check_quota(executor, loaded, attempt.sending)
                    attempt.decided = self._decide(loaded, attempt.sending)
                except Refusal as refusal:
                    attempt.outcome = refusal

    async def _write(
        self, executor: "Executor", attempts: Sequence[Attempt], *, together: bool
    ) -> None:
        """Write what was decided on; what the database does not take is left as it is."""
        rows = await self._writer.write([a.decided for a in attempts if a.decided])
        written = [
            (attempt, each)
            for attempt, each in zip(attempts, rows, strict=True)
            if not (together and each.touches_older_messages)
        ]
        if not written:
            return
        arguments = accept_arguments([each for _, each in written])
        not_written = await executor.fetchval(ACCEPT, *arguments, not together)
        for nth, (attempt, each) in enumerate(written, start=1):
            if nth not in not_written and attempt.decided:
                attempt.outcome = each.answer
                others = agencies_to_notify(attempt.decided.decision)
                self._bell.ring(each.recipients | others)

    def _goes_with(self, loaded: LoadedCase, sending: Sending, cases: set[UUID]) -> bool:
        """Whether it can be written with messages of these cases, and needs nothing more."""
        return not (
            loaded.id_is_taken
            or loaded.case.id in cases
            or self._loader.may_be_too_much(loaded, sending)
        )

    def _decide(self, loaded: LoadedCase, sending: Sending) -> DecidedMessage:
        submission = self._submission(loaded, sending)
        decision = decide(submission, sending.if_match)
        check_id_of_consent(submission)
        return DecidedMessage(submission, decision, loaded.keys, loaded.expected, loaded.opened)

    def _submission(self, loaded: LoadedCase, sending: Sending) -> Submission:
        """What is to be decided, at a time that is not earlier than what was there before."""
        at = not_before(self._clock(), loaded.latest_at, loaded.in_mailboxes)
        return Submission(loaded.case, sending.message, sending.caller, self._directory(), at)

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


def _answer_in(outcome: Outcome) -> AcceptanceAnswer | None:
    """The answer; None if there is none yet.

    Raises:
        Exception: why the message was not accepted.
    """
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
