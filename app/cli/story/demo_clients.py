"""Clients for one agency of each kind in two prefectures, to try the service with."""

import asyncio
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.auth.scopes import CLASSES
from app.auth.secrets import hash_secret, new_secret
from app.domain.administration.seats import Client, Seat

FILE = "demo-clients.json"

OFFICE_SEATS = {
    "decider": "所長",
    "case_worker": "担当職員",
    "viewer": "閲覧者",
    "records_officer": "記録責任者",
}
# What the head and the staff are called where it is not 所長 and 担当職員.
TITLES = {
    "settlement_center": {"decider": "センター長", "case_worker": "相談員"},
    "probation_office": {"case_worker": "保護観察官"},
    "prosecutor_district": {"decider": "主任検察官", "case_worker": "検察事務官"},
    "bar_association": {"decider": "弁護人", "case_worker": "事務職員"},
    "prison": {"case_worker": "福祉専門官"},
}
AUDIT_SEATS = {"auditor": "監査担当"}

AGENCIES = (
    ("center-13", "settlement_center"),
    ("center-27", "settlement_center"),
    ("probation-13", "probation_office"),
    ("probation-27", "probation_office"),
    ("prison-fuchu", "prison"),
    ("prison-osaka", "prison"),
    ("prosecutor-13", "prosecutor_district"),
    ("prosecutor-27", "prosecutor_district"),
    ("bar-13-tokyo", "bar_association"),
    ("bar-27-osaka", "bar_association"),
    ("prefecture-13", "prefecture"),
    ("prefecture-27", "prefecture"),
)


@dataclass(frozen=True)
class DemoSeat:
    """A seat that the client may speak for."""

    id: str
    role: str


@dataclass(frozen=True)
class DemoClient:
    """A client with its secret, as `demo-clients.json` has it. The first seat is its default."""

    agency_id: str
    kind: str
    client_id: str
    secret: str
    seats: tuple[DemoSeat, ...]


def demo_clients(url: str, data_dir: Path, at: datetime) -> tuple[DemoClient, ...]:
    """The demo clients of the database at `url`; those that are missing are made as of `at`.

    Their secrets are stored in `data_dir`, readable by its owner alone. A client whose secret is
    not there gets a new one; whatever else was changed since is left as it is.
    """
    path = data_dir / FILE
    stored = _read(path)
    clients = tuple(stored.get(agency) or _new_client(agency, kind) for agency, kind in AGENCIES)
    asyncio.run(_register(url, clients, stored.keys(), at))
    if set(stored) != {client.agency_id for client in clients}:
        _write(path, clients)
    return clients


async def _register(
    url: str, clients: Sequence[DemoClient], stored: Collection[str], at: datetime
) -> None:
    async with connect(url) as connection, connection.transaction():
        administration = Administration(connection, lambda: at)
        registered = {client.id for client in await administration.clients()}
        for client in clients:
            if client.client_id not in registered:
                await _add_client(administration, client, at)
            elif client.agency_id not in stored:
                await administration.change_client(
                    client.client_id, secret_hash=hash_secret(client.secret)
                )


async def _add_client(administration: Administration, client: DemoClient, at: datetime) -> None:
    existing = {seat.id for seat in await administration.seats(client.agency_id)}
    titles = _titles(client.kind)
    for seat in client.seats:
        if seat.id not in existing:
            role, name = seat.role, titles[seat.role]
            await administration.add_seat(
                Seat(seat.id, client.agency_id, name, role, CLASSES[role]), at
            )
    await administration.add_client(
        Client(
            id=client.client_id,
            agency_id=client.agency_id,
            name="お試し用システム",
            seats=tuple(seat.id for seat in client.seats),
            secret_hash=hash_secret(client.secret),
        ),
        at,
    )


def _new_client(agency_id: str, kind: str) -> DemoClient:
    seats = tuple(DemoSeat(f"{agency_id}.{role}", role) for role in _titles(kind))
    return DemoClient(agency_id, kind, f"{agency_id}.system", new_secret(), seats)


def _titles(kind: str) -> dict[str, str]:
    return AUDIT_SEATS if kind == "prefecture" else {**OFFICE_SEATS, **TITLES.get(kind, {})}


def _read(path: Path) -> dict[str, DemoClient]:
    if not path.exists():
        return {}
    clients = TypeAdapter(list[DemoClient]).validate_json(path.read_bytes())
    return {client.agency_id: client for client in clients}


def _write(path: Path, clients: Sequence[DemoClient]) -> None:
    text = json.dumps([asdict(client) for client in clients], indent=2)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    draft.replace(path)
