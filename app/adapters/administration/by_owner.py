"""Administration with the owner's login: agencies and their areas, seats, clients, links."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from app.adapters.directory.cache import load
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import WRITE_LOG, entries_json, log_entry
from app.domain.administration.seats import Client, Seat
from app.domain.calendar.clock import Clock
from app.domain.directory.agencies import Agency

if TYPE_CHECKING:
    from app.adapters.directory.cache import Connection

_ADD_AGENCY = """
    INSERT INTO agency (id, kind, name, name_en, prefecture, poi_code, connected, services, note)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9)
"""
# NULL leaves a column as it is; an empty text clears it.
_CHANGE_AGENCY = """
    UPDATE agency SET
        name = coalesce($2, name),
        name_en = nullif(coalesce($3, name_en), ''),
        note = nullif(coalesce($4, note), ''),
        connected = coalesce($5, connected),
        services = services || $6::text::jsonb
    WHERE id = $1 RETURNING id AS agency_id
"""
_ADD_AREA = """
    INSERT INTO jurisdiction (agency_id, flow, area) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""
_REMOVE_AREA = """
    DELETE FROM jurisdiction
    WHERE agency_id = $1 AND flow IS NOT DISTINCT FROM $2 AND area = $3 RETURNING agency_id
"""
_ADD_SEAT = """
    INSERT INTO seat (id, agency_id, name, role, classes, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
_CHANGE_SEAT = """
    UPDATE seat SET name = coalesce($2, name), role = coalesce($3, role),
        classes = coalesce($4, classes)
    WHERE id = $1 RETURNING agency_id
"""
_SEATS = """
    SELECT id, agency_id, name, role, classes, disabled_at IS NOT NULL AS disabled
    FROM seat WHERE $1::text IS NULL OR agency_id = $1 ORDER BY id
"""
_ADD_CLIENT = """
    INSERT INTO client (id, agency_id, name, secret_hash, public_jwk, created_at, dpop_required)
    VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)
"""
_CHANGE_CLIENT = """
    UPDATE client SET name = coalesce($2, name), secret_hash = coalesce($3, secret_hash),
        public_jwk = coalesce($4::text::jsonb, public_jwk)
    WHERE id = $1 RETURNING agency_id
"""
_REQUIRE_DPOP = "UPDATE client SET dpop_required = $2 WHERE id = $1 RETURNING agency_id"
_HOLD_CLIENT = "SELECT agency_id FROM client WHERE id = $1 FOR UPDATE"
_SEATS_OF_AGENCY = "SELECT count(*) FROM seat WHERE id = ANY($1::text[]) AND agency_id = $2"
_LIMIT = "SELECT set_config('app.limits', $1, true)"
_HOLD_AGENCY = "SELECT FROM agency WHERE id = $1 FOR NO KEY UPDATE"
_TOO_MANY_CLIENTS = "SELECT has_too_many_clients($1)"
_UNLINK = "DELETE FROM client_seat WHERE client_id = $1"
_LINK = """
    INSERT INTO client_seat (client_id, seat_id, position)
    SELECT $1, seat_id, position FROM unnest($2::text[]) WITH ORDINALITY AS s (seat_id, position)
"""
_CLIENTS = """
    SELECT c.id, c.agency_id, c.name, c.public_jwk::text AS public_jwk,
           c.disabled_at IS NOT NULL AS disabled, c.dpop_required,
           array(SELECT seat_id FROM client_seat WHERE client_id = c.id ORDER BY position) AS seats
    FROM client c WHERE $1::text IS NULL OR c.agency_id = $1 ORDER BY c.id
"""
_SWITCH: Mapping[type[Agency | Seat | Client], str] = {
    Agency: "UPDATE agency SET disabled_at = $2 WHERE id = $1 RETURNING id",
    Seat: "UPDATE seat SET disabled_at = $2 WHERE id = $1 RETURNING agency_id",
    Client: "UPDATE client SET disabled_at = $2 WHERE id = $1 RETURNING agency_id",
}
_OWNER: Mapping[type[Agency | Seat | Client], str] = {
    Agency: "SELECT 'agency', id FROM agency WHERE id = $1",
    Seat: "SELECT 'seat', agency_id FROM seat WHERE id = $1",
    Client: "SELECT 'client', agency_id FROM client WHERE id = $1",
}
_STOP_TOKENS = "SELECT stop_tokens($1, $2)"


class AdministrationError(ValueError):
    """The change cannot be made.

    `reason` is `unknown`, `taken`, `bad_value`, `other_agency` or `too_many_clients`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AgencyChange:
    """Changes to an agency: None leaves a value as it is, an empty text clears it."""

    name: str | None = None
    name_en: str | None = None
    note: str | None = None
    connected: bool | None = None
    services: Mapping[str, date | None] | None = None


def _current_time() -> datetime:
    return datetime.now(UTC)


class Administration:
    """Writes the changes of administrators. Every method is one transaction with a log entry that
    the agency concerned may read, and may raise `AdministrationError`."""

    def __init__(
        self,
        connection: "Connection",
        clock: Clock = _current_time,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        """Write over this connection. `limits` are those of `open_pool`."""
        self._connection = connection
        self._clock = clock
        self._limits = limits or {}

    async def agencies(self) -> Sequence[Agency]:
        """Every agency, disabled or not, by id."""
        return (await load(self._connection)).agencies

    async def add_agency(self, agency: Agency) -> None:
        """Add an agency with its areas."""
        services = _services_json(agency.services)
        with _refusals():
            async with self._connection.transaction():
                await self._connection.execute(
                    _ADD_AGENCY, agency.id, agency.kind, agency.name, agency.name_en,
                    agency.prefecture, agency.poi_code, agency.connected, services, agency.note,
                )  # fmt: skip
                for flow, area in sorted(agency.areas, key=lambda row: (row[0] or "", row[1])):
                    await self._connection.execute(_ADD_AREA, agency.id, flow, area)
                await self._log_change("agency.add", agency.id, agency.id)

    async def change_agency(self, agency_id: str, change: AgencyChange) -> None:
        """Change an agency's name, note, connection or services."""
        await self._change_one(
            "agency.change", _CHANGE_AGENCY, agency_id, change.name, change.name_en, change.note,
            change.connected, _services_json(change.services or {}),
            fields=[name for name, value in asdict(change).items() if value is not None],
        )  # fmt: skip

    async def add_area(self, agency_id: str, flow: str | None, area: str) -> None:
        """Make an agency responsible for an area; a second time changes nothing."""
        with _refusals():
            async with self._connection.transaction():
                await self._connection.execute(_ADD_AREA, agency_id, flow, area)
                await self._log_change(
                    "agency.add_area", agency_id, agency_id, flow=flow, area=area
                )

    async def remove_area(self, agency_id: str, flow: str | None, area: str) -> None:
        """Take an area away from an agency."""
        await self._change_one("agency.remove_area", _REMOVE_AREA, agency_id, flow, area)

    async def seats(self, agency_id: str | None = None) -> list[Seat]:
        """The seats of one agency, or all, by id."""
        rows = await self._connection.fetch(_SEATS, agency_id)
        return [Seat(**{**row, "classes": frozenset(row["classes"])}) for row in rows]

    async def add_seat(self, seat: Seat, at: datetime) -> None:
        """Add a seat to an agency."""
        classes = sorted(seat.classes)
        with _refusals():
            async with self._connection.transaction():
                await self._connection.execute(
                    _ADD_SEAT, seat.id, seat.agency_id, seat.name, seat.role, classes, at
                )
                detail = {"role": seat.role, "classes": classes}
                await self._log_change("seat.add", seat.agency_id, seat.id, **detail)

    async def change_seat(
        self, seat_id: str, name: str | None, role: str | None, classes: frozenset[str] | None
    ) -> None:
        """Change a seat; None leaves what is there."""
        sorted_classes = None if classes is None else sorted(classes)
        detail = {"role": role, "classes": sorted_classes}
        await self._change_one(
            "seat.change", _CHANGE_SEAT, seat_id, name, role, sorted_classes, **detail
        )

    async def clients(self, agency_id: str | None = None) -> list[Client]:
        """The clients of one agency, or all, by id, without the hashes of their secrets."""
        rows = await self._connection.fetch(_CLIENTS, agency_id)
        return [_client(row) for row in rows]

    async def add_client(self, client: Client, at: datetime) -> None:
        """Add a client and link it to its seats."""
        with _refusals():
            async with self._connection.transaction():
                await self._hold_agency(client.agency_id)
                await self._connection.execute(
                    _ADD_CLIENT, client.id, client.agency_id, client.name, client.secret_hash,
                    _json(client.public_jwk), at, client.dpop_required,
                )  # fmt: skip
                await self._link(client.id, client.seats)
                await self._check_clients(client.agency_id)
                seats = list(client.seats)
                await self._log_change("client.add", client.agency_id, client.id, seats=seats)

    async def change_client(
        self,
        client_id: str,
        name: str | None = None,
        secret_hash: str | None = None,
        public_jwk: Mapping[str, Any] | None = None,
    ) -> None:
        """Change a client's name, secret or key; None leaves what is there."""
        changes = {"name": name, "secret": secret_hash, "public_key": public_jwk}
        fields = [what for what, value in changes.items() if value is not None]
        values = name, secret_hash, _json(public_jwk)
        await self._change_one("client.change", _CHANGE_CLIENT, client_id, *values, fields=fields)

    async def require_dpop(self, client_id: str, required: bool) -> None:
        """Require DPoP of a client (only tokens that are bound to a key), or stop requiring it."""
        act = "client.require_dpop"
        await self._change_one(act, _REQUIRE_DPOP, client_id, required, required=required)

    async def link(self, client_id: str, seats: Sequence[str]) -> None:
        """Link a client to exactly these seats of its agency; the first is its default."""
        with _refusals():
            async with self._connection.transaction():
                agency_id = await self._link(client_id, seats)
                await self._log_change("client.link", agency_id, client_id, seats=list(seats))

    async def disable(
        self, what: type[Agency | Seat | Client], its_id: str, at: datetime | None
    ) -> None:
        """Disable an agency, seat or client as of `at`, or enable it again with None."""
        act = f"{what.__name__.lower()}.{'enable' if at is None else 'disable'}"
        async with self._connection.transaction():
            if what is Client and at is None:
                _, agency_id = await self._connection.fetchrow(_OWNER[what], its_id) or ("", "")
                await self._hold_agency(agency_id)
            await self._change_one(act, _SWITCH[what], its_id, at)
            if what is Client and at is None:
                await self._check_clients(agency_id)

    async def stop_tokens(
        self, what: type[Agency | Seat | Client], its_id: str, at: datetime
    ) -> None:
        """Stop every token of an agency, seat or client that was issued until now."""
        with _refusals():
            async with self._connection.transaction():
                owner = await self._connection.fetchrow(_OWNER[what], its_id)
                if owner is None:
                    raise AdministrationError("unknown")
                kind, agency_id = owner
                await self._connection.execute(_STOP_TOKENS, kind, its_id)
                entry = log_entry(at, "revocation", {"all_of": kind}, None, [agency_id])
                whose = {"agency_id": agency_id, f"{kind}_id": its_id}
                entries = entries_json([entry.acting(**whose)])
                await self._connection.execute(WRITE_LOG, at, entries)

    async def _hold_agency(self, agency_id: str) -> None:
        """Hold the row of an agency, so that two changes at once do not both find room."""
        await self._connection.execute(_LIMIT, json.dumps(self._limits))
        await self._connection.execute(_HOLD_AGENCY, agency_id)

    async def _check_clients(self, agency_id: str) -> None:
        if await self._connection.fetchval(_TOO_MANY_CLIENTS, agency_id):
            raise AdministrationError("too_many_clients")

    async def _link(self, client_id: str, seats: Sequence[str]) -> str:
        agency_id: str | None = await self._connection.fetchval(_HOLD_CLIENT, client_id)
        if agency_id is None:
            raise AdministrationError("unknown")
        own = await self._connection.fetchval(_SEATS_OF_AGENCY, seats, agency_id)
        if own != len(seats):
            raise AdministrationError("other_agency")
        await self._connection.execute(_UNLINK, client_id)
        await self._connection.execute(_LINK, client_id, seats)
        return agency_id

    async def _change_one(
        self, act: str, statement: str, target: str, *values: object, **detail: Any
    ) -> None:
        """Run a statement that changes one row and returns the agency that it belongs to."""
        with _refusals():
            async with self._connection.transaction():
                agency_id = await self._connection.fetchval(statement, target, *values)
                if agency_id is None:
                    raise AdministrationError("unknown")
                await self._log_change(act, agency_id, target, **detail)

    async def _log_change(self, act: str, agency_id: str, target: str, **detail: Any) -> None:
        """Write the log entry of a change: codes and ids, no names."""
        at = self._clock()
        codes = {key: value for key, value in detail.items() if value is not None}
        entry = administration_entry(at, act, [agency_id], {"target": target, **codes})
        await self._connection.execute(WRITE_LOG, at, entries_json([entry]))


@contextmanager
def _refusals() -> Iterator[None]:
    """Raise `AdministrationError` for what the constraints of the database refuse."""
    try:
        yield
    except asyncpg.UniqueViolationError:
        raise AdministrationError("taken") from None
    except asyncpg.ForeignKeyViolationError:
        raise AdministrationError("unknown") from None
    except (asyncpg.CheckViolationError, asyncpg.DataError):
        raise AdministrationError("bad_value") from None


def _services_json(services: Mapping[str, date | None]) -> str:
    return json.dumps({name: day.isoformat() if day else None for name, day in services.items()})


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


def _client(row: "asyncpg.Record") -> Client:
    return Client(
        id=row["id"],
        agency_id=row["agency_id"],
        name=row["name"],
        seats=tuple(row["seats"]),
        public_jwk=json.loads(row["public_jwk"]) if row["public_jwk"] else None,
        disabled=row["disabled"],
        dpop_required=row["dpop_required"],
    )
