"""What an agency sees and switches off of its own seats and clients, without a second seat."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from app.adapters.acts.acts import Acts
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import LogEntry
from app.domain.access.caller import Caller
from app.domain.acts.acts import KINDS, Act, ActState
from app.domain.administration.details import SECRET_LIVES
from app.domain.calendar.clock import Clock
from app.domain.errors import ActImpossible, NotFound, NotYourAct

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool
    from app.adapters.inbox.bell import Bell

SEATS = "SELECT list_seats($1, $2, $3, $4)"
CLIENTS = "SELECT list_clients($1, $2, $3, $4)"
SEAT = "SELECT administer_seat($1)"
CLIENT = "SELECT administer_client($1)"

Row = dict[str, Any]
What = Literal["seat", "client"]


class OwnDesk:
    """The seats and clients of one agency."""

    def __init__(self, pool: "Pool", clock: Clock, bell: "Bell", acts: Acts) -> None:
        self._pool = pool
        self._clock = clock
        self._bell = bell
        self._acts = acts

    async def all(self, what: What, agency_id: str, after: str | None, limit: int) -> list[Row]:
        """The seats or clients of an agency, by id."""
        return await self._listed(what, agency_id, None, after, limit)

    async def disable(self, what: What, caller: Caller, its_id: str) -> Row:
        """Switch off a seat or client of the caller's agency, at once. Again changes nothing.

        Raises:
            NotFound: this agency has none of that id.
        """
        at, act = self._clock(), f"{what}.disable"
        item = {
            "agency_id": caller.agency_id,
            "kind": "administration.disabled",
            "type": act,
            "urgency": "urgent",
        }
        told = administration_entry(at, act, [caller.agency_id], {"target": its_id}, caller)
        if await self._administered(what, caller, act, its_id, at, told, [item]) == "done":
            self._bell.ring([caller.agency_id])
        return (await self._listed(what, caller.agency_id, its_id, None, 1))[0]

    async def take_secret(self, caller: Caller, act_id: UUID, secret_hash: str) -> str:
        """Give a client the secret that two seats have agreed on, in place of what it had.

        Returns:
            The id of the client.

        Raises:
            NotFound: this agency has no such act, or it is about no secret.
            NotYourAct: another seat proposed it.
            ActImpossible: it is not approved, or was too long ago, or two seats have agreed on
                another key or secret since, or the client has come to speak for a seat that
                operates the service.
        """
        act, at = await self._acts.one(caller.agency_id, act_id), self._clock()
        _check_secret(act, caller, at)
        detail = {"target": act.target, "act_id": str(act.id)}
        told = administration_entry(at, "client.secret", [caller.agency_id], detail, caller)
        answer = await self._administered(
            "client", caller, "client.secret", act.target, at, told, [],
            secret_hash=secret_hash, act_id=str(act.id),
        )  # fmt: skip
        if answer != "done":
            raise ActImpossible(answer)
        return act.target

    async def _administered(
        self,
        what: What,
        caller: Caller,
        act: str,
        target: str,
        at: datetime,
        told: LogEntry,
        items: list[Row],
        **more: str,
    ) -> str:
        asked = {
            "act": act,
            "agency_id": caller.agency_id,
            "target": target,
            "at": at.isoformat(),
            "log": [told.row()],
            "items": items,
            **more,
        }
        statement = SEAT if what == "seat" else CLIENT
        answer: str | None = await self._pool.fetchval(statement, json.dumps(asked))
        if answer is None:
            raise NotFound
        return answer

    async def _listed(
        self, what: What, agency_id: str, only: str | None, after: str | None, limit: int
    ) -> list[Row]:
        statement = SEATS if what == "seat" else CLIENTS
        text = await self._pool.fetchval(statement, agency_id, only, after, limit)
        found: list[Row] = json.loads(text)
        return found


def _check_secret(act: Act, caller: Caller, at: datetime) -> None:
    if act.kind not in {"client.add", "client.new_secret"} or act.detail.get("public_key"):
        raise NotFound
    if caller.seat_id != act.proposed_by:
        raise NotYourAct(KINDS[act.kind].proposed_by)
    if act.state is not ActState.APPROVED or act.decided_at is None:
        raise ActImpossible("not_approved")
    if at >= act.decided_at + SECRET_LIVES:
        raise ActImpossible("too_late")
