"""An agency lists and disables its own seats and clients, which takes no second seat."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from app.adapters.acts.acts import Acts
from app.adapters.administration.rows import ClientJson, SeatJson
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

Row = SeatJson | ClientJson
What = Literal["seat", "client"]


class AgencyAdministration:
    """Lists and disables the seats and clients of one agency, and sets the secrets of clients."""

    def __init__(self, pool: "Pool", clock: Clock, bell: "Bell", acts: Acts) -> None:
        self._pool = pool
        self._clock = clock
        self._bell = bell
        self._acts = acts

    async def list_rows(
        self, what: What, agency_id: str, after: str | None, limit: int
    ) -> list[Row]:
        """The seats or clients of an agency, by id."""
        return await self._list(what, agency_id, None, after, limit)

    async def disable(self, what: What, caller: Caller, its_id: str) -> Row:
        """Disable a seat or client of the caller's agency, at once. A repeat changes nothing.

        Raises:
            NotFound: this agency has none of that id.
            ActImpossible: the agency would be left without a decider, or a records officer.
        """
        at, act = self._clock(), f"{what}.disable"
        item = {
            "agency_id": caller.agency_id,
            "kind": "administration.disabled",
            "type": act,
            "urgency": "urgent",
        }
        entry = administration_entry(at, act, [caller.agency_id], {"target": its_id}, caller)
        answer = await self._administer(what, caller, act, its_id, at, entry, [item])
        if answer == "last_one":
            raise ActImpossible(answer)
        if answer == "done":
            self._bell.ring([caller.agency_id])
        return (await self._list(what, caller.agency_id, its_id, None, 1))[0]

    async def take_secret(self, caller: Caller, act_id: UUID, secret_hash: str) -> str:
        """Set the new secret of a client that two seats have approved, in place of the old one.

        Returns:
            The id of the client.

        Raises:
            NotFound: this agency has no such act, or the act sets no secret.
            NotYourAct: another seat proposed it.
            ActImpossible: it is not approved, or was approved too long ago, or another key or
                secret was approved since, or the client was linked to a seat that operates the
                service.
        """
        act, at = await self._acts.read_act(caller.agency_id, act_id), self._clock()
        _check_secret(act, caller, at)
        detail = {"target": act.target, "act_id": str(act.id)}
        entry = administration_entry(at, "client.secret", [caller.agency_id], detail, caller)
        answer = await self._administer(
            "client", caller, "client.secret", act.target, at, entry, [],
            secret_hash=secret_hash, act_id=str(act.id),
        )  # fmt: skip
        if answer != "done":
            raise ActImpossible(answer)
        return act.target

    async def _administer(
        self,
        what: What,
        caller: Caller,
        act: str,
        target: str,
        at: datetime,
        entry: LogEntry,
        items: list[dict[str, Any]],
        **more: str,
    ) -> str:
        request = {
            "act": act,
            "agency_id": caller.agency_id,
            "target": target,
            "at": at.isoformat(),
            "log": [entry.row()],
            "items": items,
            **more,
        }
        statement = SEAT if what == "seat" else CLIENT
        answer: str | None = await self._pool.fetchval(statement, json.dumps(request))
        if answer is None:
            raise NotFound
        return answer

    async def _list(
        self, what: What, agency_id: str, only: str | None, after: str | None, limit: int
    ) -> list[Row]:
        statement = SEATS if what == "seat" else CLIENTS
        text = await self._pool.fetchval(statement, agency_id, only, after, limit)
        rows: list[Row] = json.loads(text)
        return rows


def _check_secret(act: Act, caller: Caller, at: datetime) -> None:
    if act.kind not in {"client.add", "client.new_secret"} or act.detail.get("public_key"):
        raise NotFound
    if caller.seat_id != act.proposed_by:
        raise NotYourAct(KINDS[act.kind].proposed_by)
    if act.state is not ActState.APPROVED or act.decided_at is None:
        raise ActImpossible("not_approved")
    if at >= act.decided_at + SECRET_LIVES:
        raise ActImpossible("too_late")
