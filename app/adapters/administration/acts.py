"""What acts of administration do. Each change and its log entries are one function call."""

import json
import re
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
_VERSION = re.compile(r"[0-9]{1,9}")


async def add_seat(work: "Work") -> Mapping[str, Any]:
    """Add a seat. Its name is that of its role."""
    check_new_id(work.act.agency_id, work.act.target)
    await _administer(work, SEAT, name=Role[work.act.detail["role"].upper()].ja)
    return {}


async def change_seat(work: "Work") -> Mapping[str, Any]:
    """Give a seat another role or other classes, or enable it again."""
    await _administer(work, SEAT)
    return {}


async def add_client(work: "Work") -> Mapping[str, Any]:
    """Add a client, with its public key. Without one, its secret is fetched afterwards."""
    check_new_id(work.act.agency_id, work.act.target)
    await _administer(work, CLIENT, name=CLIENT_NAME, public_jwk=public_jwk(work.act.detail))
    return {}


async def change_client(work: "Work") -> Mapping[str, Any]:
    """Give a client another key or other seats, allow it another secret, or enable it again."""
    await _administer(work, CLIENT, public_jwk=public_jwk(work.act.detail))
    return {}


async def restore_seat(work: "Work") -> Mapping[str, Any]:
    """Enable a seat of any agency again. The agency can read that in the log."""
    await _restore(work, SEAT, "seat.enable")
    return {}


async def restore_client(work: "Work") -> Mapping[str, Any]:
    """Enable a client of any agency again. The agency can read that in the log."""
    await _restore(work, CLIENT, "client.enable")
    return {}


async def change_agency(work: "Work") -> Mapping[str, Any]:
    """Connect an agency, disable it, or enable it again. It can read that in the log, where the
    entry names no other agency."""
    entry = administration_entry(work.at, work.act.kind, [work.act.target], {}, by="operator")
    await _administer(work, AGENCY, log=[entry.row()])
    return {}


async def retire_master(work: "Work") -> Mapping[str, Any]:
    """Approve the removal of a master key. Workers remove it as soon as no backup needs it."""
    if not _VERSION.fullmatch(work.act.target):
        raise NotFound
    await _administer(work, RETIRE, version=int(work.act.target), act_id=str(work.act.id))
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
    "seat.restore": restore_seat,
    "client.restore": restore_client,
    "agency.disable": change_agency,
    "agency.enable": change_agency,
    "agency.connect": change_agency,
    "master_key.retire": retire_master,
}
"""By the kind of act: what each does to seats, clients, agencies and master keys."""


async def _restore(work: "Work", statement: str, act: str) -> None:
    agency_id = work.act.target.partition(".")[0]  # an id begins with its agency's and a dot
    detail = {"target": work.act.target}
    entry = administration_entry(work.at, work.act.kind, [agency_id], detail, by="operator")
    await _administer(work, statement, act=act, agency_id=agency_id, log=[entry.row()])


async def _administer(work: "Work", statement: str, **more: Any) -> None:
    request = {
        **work.act.detail,
        "act": work.act.kind,
        "agency_id": work.act.agency_id,
        "target": work.act.target,
        "at": work.at.isoformat(),
        "log": [],
        "items": [],
        **more,
    }
    answer = await work.connection.fetchval(statement, json.dumps(request))
    if answer is None:
        raise NotFound
    if answer != "done":
        raise ActImpossible(answer)
