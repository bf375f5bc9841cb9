"""What the database refuses to write into the log when the API's role asks for it: an entry has its
transaction's time, and names the agency that acts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from app.adapters.database.logins import Urls
from app.adapters.setup import prepare

OWN = "SELECT write_own_log($1, $2, $3)"
CENTER, OTHER = "center-13", "center-27"


@pytest.fixture
async def checked_database(
    new_database: Callable[[], Urls],
) -> AsyncIterator[tuple[asyncpg.Pool, Urls]]:
    """Connections of the API's role to a database as it is in service."""
    urls = new_database()
    await asyncio.to_thread(prepare, urls.owner)
    async with asyncpg.create_pool(urls.api, min_size=0, max_size=1) as api:
        yield api, urls


def entry(**fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "kind": "export",
        "agency_id": CENTER,
        "agencies": [CENTER],
        "detail": {},
    } | fields


def now() -> datetime:
    return datetime.now(UTC)


async def test_an_entry_of_its_own_agency_and_time_is_written(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    await api.execute(OWN, CENTER, now(), json.dumps([entry()]))
    async with api.acquire() as connection, connection.transaction():
        await connection.execute(f"SET LOCAL app.agency = '{CENTER}'")
        assert await connection.fetchval("SELECT agency_id FROM log_entry") == CENTER


@pytest.mark.parametrize("off", [timedelta(seconds=-70), timedelta(seconds=70), timedelta(days=3)])
async def test_another_time_than_the_transactions_is_refused(
    checked_database: tuple[asyncpg.Pool, Urls], off: timedelta
) -> None:
    api, _ = checked_database
    at = now() + off
    with pytest.raises(asyncpg.CheckViolationError, match="another time"):
        await api.execute(OWN, CENTER, at, json.dumps([entry()]))
    # A function that writes more than an entry refuses as well.
    opening = {"at": at.isoformat(), "agency_id": CENTER, "cases": {}, "message_ids": []}
    with pytest.raises(asyncpg.CheckViolationError, match="another time"):
        await api.execute("SELECT disclose($1)", json.dumps(opening | {"log": [entry()]}))


@pytest.mark.parametrize(
    "claim",
    [
        {"agency_id": OTHER},
        {"agencies": [OTHER]},
        {"agencies": [CENTER, OTHER]},
        {"agency_id": None, "seat_id": f"{OTHER}.decider"},
        {"kind": "acceptance"},
        {"kind": None},
        {"agencies": None},
    ],
)
async def test_what_another_agency_did_or_what_is_not_written_alone_is_refused(
    checked_database: tuple[asyncpg.Pool, Urls], claim: dict[str, Any]
) -> None:
    api, _ = checked_database
    with pytest.raises(asyncpg.CheckViolationError):
        await api.execute(OWN, CENTER, now(), json.dumps([entry(), entry(**claim)]))


async def test_functions_that_write_for_an_agency_refuse_entries_of_another(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    # The agency of a token is that of its client, whatever the caller says.
    token = {"issued_at": now().isoformat(), "jti": str(uuid4()), "agency_id": CENTER}
    with pytest.raises(asyncpg.CheckViolationError, match="another agency"):
        await api.execute("SELECT log_token($1)", json.dumps(token | {"client_id": "unknown"}))
    opening = {"at": now().isoformat(), "agency_id": CENTER, "cases": {}, "message_ids": []}
    with pytest.raises(asyncpg.CheckViolationError, match="another agency"):
        await api.execute(
            "SELECT disclose($1)", json.dumps(opening | {"log": [entry(agency_id=OTHER)]})
        )
    with pytest.raises(asyncpg.CheckViolationError, match="another agency"):
        await api.execute(
            "SELECT propose_act($1, 10)",
            json.dumps(
                {
                    "id": str(uuid4()),
                    "kind": "recall",
                    "agency_id": CENTER,
                    "target": "x",
                    "detail": {},
                    "proposed_at": now().isoformat(),
                    "proposed_by": f"{CENTER}.decider",
                    "expires_at": now().isoformat(),
                    "items": [],
                    "log": [entry(agency_id=OTHER)],
                }
            ),
        )


async def test_the_api_writes_no_entries_past_these_checks_and_does_not_switch_them_off(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    for statement in (
        "SELECT write_log(now(), '[]')",
        "SELECT write_log_of('center-13', now(), '[]')",
        "UPDATE service_clock SET checked = false",
        "DELETE FROM service_clock",
        "INSERT INTO service_clock (checked) VALUES (false)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute(statement)


async def test_times_are_checked_unless_the_clock_is_moved(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, urls = checked_database
    later = now() + timedelta(days=3)
    await asyncio.to_thread(prepare, urls.owner, timedelta(days=3))
    await api.execute(OWN, CENTER, later, json.dumps([entry()]))
    await asyncio.to_thread(prepare, urls.owner)
    with pytest.raises(asyncpg.CheckViolationError, match="another time"):
        await api.execute(OWN, CENTER, later, json.dumps([entry()]))
