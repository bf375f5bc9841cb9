"""Acts that take two seats: one proposes, and the other's approval is the transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.acts.rows import act_entry, act_row, inbox_item, read_act, settle_act_json
from app.adapters.acts.work import Effect, Work
from app.domain.access.caller import Caller
from app.domain.acts.acts import (
    KINDS,
    Act,
    ActState,
    check_proposer,
    check_second_seat,
    check_withdrawal,
    may_still_propose,
)
from app.domain.calendar.clock import Clock
from app.domain.erasure.objections import BACKUP_AGE
from app.domain.erasure.requests import OBJECTION_PERIOD
from app.domain.errors import ActImpossible, IdReused, NotFound, TooManyActs

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Pool
    from app.adapters.inbox.bell import Bell

    Connection = PoolConnectionProxy[Record]

FIND = "SELECT find_act($1)"
PROPOSE = "SELECT propose_act($1, $2)"
HOLD = "SELECT hold_act($1, $2)"
SETTLE = "SELECT settle_act($1)"
READ = "SELECT read_act($1, $2)"
LIST = "SELECT list_acts($1, $2, $3, $4, $5)"
MOST_WAITING = 50
"""Proposals of one agency that may wait for a second seat."""

Before = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that a seat proposes, before it is stored."""

    id: UUID
    kind: str
    target: str
    detail: Mapping[str, Any]


class Acts:
    """Stores proposals, and lets each take effect once, when another seat approves it."""

    def __init__(
        self,
        pool: "Pool",
        clock: Clock,
        bell: "Bell",
        effects: Mapping[str, Effect],
        backup_age: timedelta = BACKUP_AGE,
        objection_period: timedelta = OBJECTION_PERIOD,
    ) -> None:
        """Set it up.

        Args:
            effects: what each kind of act does.
            backup_age: how long backups hold a key after it was erased.
            objection_period: how long other agencies may object to an erasure.
        """
        self._pool = pool
        self._clock = clock
        self._bell = bell
        self._effects = effects
        self._backup_age = backup_age
        self._objection_period = objection_period

    async def propose(self, caller: Caller, proposal: Proposal) -> tuple[Act, bool]:
        """Store a proposal, and say whether it is new. A repeat is the same act.

        Its effect is rehearsed and rolled back first, so that nothing is proposed that cannot be
        done.

        Raises:
            NotYourAct: seats of other roles propose this.
            IdReused: the id stands for another act.
            NotFound, ActImpossible: the effect cannot be done.
            TooManyActs: too many wait already.
        """
        check_proposer(proposal.kind, caller)
        at = self._clock()
        act = _new_act(proposal, caller, at)
        async with self._pool.acquire() as connection, connection.transaction():
            stored = await connection.fetchval(FIND, act.id)
            if stored is None:
                await self._rehearse(connection, act, caller, at)
                row = {
                    **act_row(act),
                    "log": [act_entry(act, caller, at).row()],
                    "items": [inbox_item(act, "act.proposed")],
                }
                answer = await connection.fetchval(PROPOSE, json.dumps(row), MOST_WAITING)
                if answer == "too_many":
                    raise TooManyActs
                stored = await connection.fetchval(FIND, act.id) if answer == "taken" else None
        if stored is None:
            self._bell.ring({act.agency_id})
            return act, True
        same = read_act(json.loads(stored))
        if not act.says_the_same(same):
            raise IdReused
        return same, False

    async def approve(self, caller: Caller, act_id: UUID) -> Act:
        """Approve an act: it takes effect now, or is marked as failed if it cannot.

        Raises:
            NotFound: this agency has no such act.
            SecondSeat, NotYourAct, ActSettled: see `check_second_seat`.
        """
        recipients: set[str] = set()
        async with self._pool.acquire() as connection, connection.transaction():
            row = await self._lock_row(connection, caller, act_id)
            act = read_act(row)
            if act.decided_by == caller.seat_id and act.state in _APPROVED_STATES:
                return act  # a retry: the answer to the first approval was lost
            at = self._clock()
            check_second_seat(act, caller, at)
            if _proposer_stands(row):
                state, outcome = await self._apply_effect(connection, act, caller, at, recipients)
            else:
                state, outcome = ActState.FAILED, {"reason": "proposer_gone"}
            settled = _settle(act, state, at, caller.seat_id, outcome)
            await self._write(connection, settled, caller, at)
        self._bell.ring(recipients)
        return settled

    async def refuse(self, caller: Caller, act_id: UUID) -> Act:
        """Refuse an act.

        Raises:
            NotFound, SecondSeat, NotYourAct, ActSettled: as for `approve`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            act, at = await self._lock_act(connection, caller, act_id), self._clock()
            if act.decided_by == caller.seat_id and act.state is ActState.REFUSED:
                return act
            check_second_seat(act, caller, at)
            settled = _settle(act, ActState.REFUSED, at, caller.seat_id)
            await self._write(connection, settled, caller, at)
        return settled

    async def withdraw(self, caller: Caller, act_id: UUID) -> Act:
        """Withdraw a proposal of the caller's own.

        Raises:
            NotFound: this agency has no such act.
            NotYourAct, ActSettled: see `check_withdrawal`.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            act, at = await self._lock_act(connection, caller, act_id), self._clock()
            if act.decided_by == caller.seat_id and act.state is ActState.WITHDRAWN:
                return act
            check_withdrawal(act, caller, at)
            settled = _settle(act, ActState.WITHDRAWN, at, caller.seat_id)
            await self._write(connection, settled, caller, at)
        return settled

    async def read_act(self, agency_id: str, act_id: UUID) -> Act:
        """An act of this agency.

        Raises:
            NotFound: there is none.
        """
        text = await self._pool.fetchval(READ, agency_id, act_id)
        if text is None:
            raise NotFound
        return read_act(json.loads(text))

    async def list_acts(
        self, agency_id: str, before: Before | None, limit: int, *, waiting: bool
    ) -> Sequence[Act]:
        """Acts of this agency, the last proposed first; or only those that wait."""
        at = self._clock() if waiting else None
        text = await self._pool.fetchval(LIST, agency_id, at, *(before or (None, None)), limit)
        return [read_act(row) for row in json.loads(text)]

    async def _lock_act(self, connection: "Connection", caller: Caller, act_id: UUID) -> Act:
        return read_act(await self._lock_row(connection, caller, act_id))

    async def _lock_row(
        self, connection: "Connection", caller: Caller, act_id: UUID
    ) -> Mapping[str, Any]:
        text = await connection.fetchval(HOLD, caller.agency_id, act_id)
        if text is None:
            raise NotFound
        row: Mapping[str, Any] = json.loads(text)
        return row

    async def _rehearse(
        self, connection: "Connection", act: Act, caller: Caller, at: datetime
    ) -> None:
        savepoint = connection.transaction()
        await savepoint.start()
        try:
            await self._effects[act.kind](self._work(connection, act, caller, at, rehearsed=True))
        finally:
            await savepoint.rollback()

    def _work(
        self,
        connection: "Connection",
        act: Act,
        caller: Caller,
        at: datetime,
        *,
        rehearsed: bool = False,
    ) -> Work:
        return Work(
            connection, act, caller, at, rehearsed, self._backup_age, self._objection_period
        )

    async def _apply_effect(
        self,
        connection: "Connection",
        act: Act,
        caller: Caller,
        at: datetime,
        recipients: set[str],
    ) -> tuple[ActState, Mapping[str, Any]]:
        """The new state and the outcome; adds to `recipients` the agencies that are notified."""
        try:
            async with connection.transaction():  # a savepoint: a failure leaves nothing
                work = self._work(connection, act, caller, at)
                outcome = await self._effects[act.kind](work)
                recipients |= work.recipients
        except ActImpossible as impossible:
            return ActState.FAILED, {"reason": impossible.reason}
        except NotFound:
            return ActState.FAILED, {"reason": "not_found"}
        return ActState.APPROVED, outcome

    async def _write(
        self, connection: "Connection", act: Act, caller: Caller, at: datetime
    ) -> None:
        await connection.execute(SETTLE, settle_act_json(act, caller, at))


_APPROVED_STATES = (ActState.APPROVED, ActState.FAILED)


def _proposer_stands(row: Mapping[str, Any]) -> bool:
    """Whether the proposing seat could still propose it. Seats are never deleted."""
    seat = row["proposer"]
    return seat is None or may_still_propose(row["kind"], seat["role"], disabled=seat["disabled"])


def _new_act(proposal: Proposal, caller: Caller, at: datetime) -> Act:
    return Act(
        id=proposal.id,
        kind=proposal.kind,
        agency_id=caller.agency_id,
        target=proposal.target,
        detail=proposal.detail,
        proposed_at=at,
        proposed_by=caller.seat_id,
        expires_at=at + KINDS[proposal.kind].lives,
    )


def _settle(
    act: Act,
    state: ActState,
    at: datetime,
    seat_id: str,
    outcome: Mapping[str, Any] | None = None,
) -> Act:
    return replace(act, state=state, decided_at=at, decided_by=seat_id, outcome=outcome or {})
