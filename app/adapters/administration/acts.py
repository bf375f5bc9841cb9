"""What acts of administration do. Each change and its log entries are one function call."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.adapters.log.administration_entry import administration_entry
from app.domain.administration.details import CLIENT_NAME, Role, check_new_id, public_jwk
from app.domain.errors import ActImpossible, NotFound

if TYPE_CHECKING:
    from app.adapters.acts.work import Effect, Work

SEAT = "SELECT administer_seat($1)"
CLIENT = "SELECT administer_client($1)"
AGENCY = "SELECT administer_agency($1)"
RETIRE = "SELECT approve_retirement($1)"


async def add_seat(work: "Work") -> Mapping[str, Any]:
    """A new seat, called by its role."""
    check_new_id(work.act.agency_id, work.act.target)
    await _done(work, SEAT, name=Role[work.act.detail["role"].upper()].ja)
    return {}


async def change_seat(work: "Work") -> Mapping[str, Any]:
    """Another role, other classes, or a seat that is switched on again."""
    await _done(work, SEAT)
    return {}


async def add_client(work: "Work") -> Mapping[str, Any]:
    """A new client, with its key; one without has no secret until that is fetched."""
    check_new_id(work.act.agency_id, work.act.target)
    await _done(work, CLIENT, name=CLIENT_NAME, public_jwk=public_jwk(work.act.detail))
    return {}


async def change_client(work: "Work") -> Mapping[str, Any]:
    """Another key, other seats, leave to fetch another secret, or switched on again."""
    await _done(work, CLIENT, public_jwk=public_jwk(work.act.detail))
    return {}


async def change_agency(work: "Work") -> Mapping[str, Any]:
    """An agency takes part, is switched off, or on again. It reads that in the log; nobody's name
    stands there beside its own."""
    told = administration_entry(work.at, work.act.kind, [work.act.target], {}, by="operator")
    await _done(work, AGENCY, log=[told.row()])
    return {}


async def retire_master(work: "Work") -> Mapping[str, Any]:
    """Leave for workers to remove a master key, as soon as no backup needs it."""
    if not work.act.target.isascii() or not work.act.target.isdecimal():
        raise NotFound
    await _done(work, RETIRE, version=int(work.act.target[:9]), act_id=str(work.act.id))
    return {}


ADMINISTRATION: "Mapping[str, Effect]" = {
    "seat.add": add_seat,
    "seat.change": change_seat,
    "seat.enable": change_seat,
    "client.add": add_client,
    "client.enable": change_client,
    "client.link": change_client,
    "client.set_key": change_client,
    "client.new_secret": change_client,
    "agency.disable": change_agency,
    "agency.enable": change_agency,
    "agency.connect": change_agency,
    "master_key.retire": retire_master,
}
"""By the kind of act: what each does to seats, clients, agencies and master keys."""


async def _done(work: "Work", statement: str, **more: Any) -> None:
    asked = {
        **work.act.detail,
        "act": work.act.kind,
        "agency_id": work.act.agency_id,
        "target": work.act.target,
        "at": work.at.isoformat(),
        "log": [],
        "items": [],
        **more,
    }
    answer = await work.connection.fetchval(statement, json.dumps(asked))
    if answer is None:
        raise NotFound
    if answer != "done":
        raise ActImpossible(answer)
