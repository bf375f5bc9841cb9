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
from app.adapters.outage import Outage, outage_of
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
    with pytest.raises(asyncpg.PostgresError, match="another time"):
        await api.execute(OWN, CENTER, at, json.dumps([entry()]))
    # A function that writes more than an entry refuses as well.
    opening = {"at": at.isoformat(), "agency_id": CENTER, "cases": {}, "message_ids": []}
    with pytest.raises(asyncpg.PostgresError, match="another time") as refused:
        await api.execute("SELECT disclose($1)", json.dumps(opening | {"log": [entry()]}))
    assert outage_of(refused.value) is Outage.AWAY


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
    with pytest.raises(asyncpg.PostgresError, match="another time"):
        await api.execute(OWN, CENTER, later, json.dumps([entry()]))


async def test_a_transaction_acts_for_one_agency(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    calls = (
        ("SELECT administer_seat($1)", administration(agency_id=OTHER)),
        ("SELECT hold_act($1, gen_random_uuid())", OTHER),
        ("SELECT answer_return($1)", json.dumps({"agency_id": OTHER, "at": now().isoformat()})),
        ("SELECT disclose($1)", json.dumps({"agency_id": OTHER, "at": now().isoformat()})),
    )
    for statement, argument in calls:
        async with api.acquire() as connection:
            change = connection.transaction()
            await change.start()
            await connection.execute(OWN, CENTER, now(), json.dumps([entry()]))
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(statement, argument)
            await change.rollback()


@pytest.mark.parametrize(
    "claim",
    [
        {"agency_id": OTHER},
        {"agencies": [CENTER, OTHER]},
        {"agencies": [OTHER]},
        {"seat_id": f"{OTHER}.decider"},
        {"client_id": f"{OTHER}.system"},
    ],
)
async def test_administration_tells_nobody_else_and_names_no_seat_of_others(
    checked_database: tuple[asyncpg.Pool, Urls], claim: dict[str, Any]
) -> None:
    api, urls = checked_database
    async with asyncpg.create_pool(urls.owner, min_size=0, max_size=1) as owner:
        await owner.execute(
            "INSERT INTO seat VALUES ($1 || '.decider', $1, 'x', 'decider', '{C0}', now())", OTHER
        )
        await owner.execute(
            "INSERT INTO client VALUES ($1 || '.system', $1, 'x', 'hash', NULL, now())", OTHER
        )
    wrong = administration(log=[entry(kind="administration", **claim)])
    with pytest.raises(asyncpg.CheckViolationError):
        await api.execute("SELECT administer_seat($1)", wrong)
    right = administration(log=[entry(kind="administration")])
    assert await api.fetchval("SELECT administer_seat($1)", right) == "done"


@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_no_call_of_the_api_makes_an_operator_or_an_auditor(
    checked_database: tuple[asyncpg.Pool, Urls], role: str
) -> None:
    api, _ = checked_database
    add = administration(role=role)
    assert await api.fetchval("SELECT administer_seat($1)", add) == "operator_seat"
    assert await api.fetchval("SELECT administer_seat($1)", administration()) == "done"
    change = administration(act="seat.change", role=role)
    assert await api.fetchval("SELECT administer_seat($1)", change) == "operator_seat"


@pytest.mark.parametrize("act", ["agency.connect", "agency.disable", "agency.enable"])
async def test_agencies_are_administered_in_the_name_of_operators_only(
    checked_database: tuple[asyncpg.Pool, Urls], act: str
) -> None:
    api, urls = checked_database
    asked = administration(act=act, target=OTHER)
    with pytest.raises(asyncpg.CheckViolationError, match="only operators"):
        await api.execute("SELECT administer_agency($1)", asked)
    async with asyncpg.create_pool(urls.owner, min_size=0, max_size=1) as owner:
        await owner.execute(
            "INSERT INTO seat VALUES ($1 || '.op', $1, 'x', 'operator', '{}', now())", CENTER
        )
    assert await api.fetchval("SELECT administer_agency($1)", asked) in {"done", "as_it_is"}


async def test_recalls_and_erasures_of_what_an_agency_did_not_send_or_have_are_refused(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    recall = {
        "at": now().isoformat(),
        "agency_id": CENTER,
        "message_id": str(uuid4()),
        "copies": [],
        "items": [],
        "log": [entry(kind="recall")],
    }
    with pytest.raises(asyncpg.CheckViolationError, match="does not recall"):
        await api.execute("SELECT write_recall($1)", json.dumps(recall))
    erasure = {
        "at": now().isoformat(),
        "referral_id": str(uuid4()),
        "rule": "commanded",
        "classes": ["C1"],
        "facts": [],
        "clocks": [],
        "items": [],
        "log": [entry(kind="erasure", agency_id=None)],
    }
    with pytest.raises(asyncpg.CheckViolationError, match="is not to be done"):
        await api.execute("SELECT erase($1)", json.dumps(erasure))


async def test_what_an_agency_began_no_other_ends_even_without_an_entry(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, urls = checked_database
    act, referral = uuid4(), str(uuid4())
    rest = {"at": now().isoformat(), "log": [], "items": []}
    erasure = rest | {"referral_id": referral, "classes": ["C0"], "facts": [], "clocks": []}
    settled = rest | {"id": str(uuid4()), "agency_id": OTHER}
    calls = (
        ("settle_act", rest | {"id": str(act), "state": "approved", "outcome": {}}),
        ("settle_erasure_request", rest | {"id": str(uuid4()), "state": "withdrawn"}),
        ("settle_erasure_request", settled | {"state": "withdrawn"}),
        ("settle_erasure_request", settled | {"state": "erased"}),
        ("settle_recall_request", rest | {"id": str(uuid4()), "state": "agreed"}),
        ("erase", erasure | {"rule": "commanded"}),
        ("erase", erasure | {"rule": "commanded", "act_id": str(act)}),
    )
    async with asyncpg.create_pool(urls.owner, min_size=0, max_size=1) as owner:
        await owner.execute(
            "INSERT INTO act (id, kind, agency_id, target, detail, proposed_at, proposed_by,"
            " expires_at, state) VALUES ($1, 'erase', $2, $3, '{}', now(), 's', now(), 'proposed')",
            *(act, CENTER, referral),
        )
        for function, claims in calls:
            async with api.acquire() as connection:
                change = connection.transaction()
                await change.start()
                own = entry(agency_id=OTHER, agencies=[OTHER])
                await connection.execute(OWN, OTHER, now(), json.dumps([own]))
                with pytest.raises(asyncpg.CheckViolationError):
                    await connection.execute(f"SELECT {function}($1)", json.dumps(claims))
                await change.rollback()


async def test_lock_outs_and_used_assertions_are_counted_from_the_transactions_time(
    checked_database: tuple[asyncpg.Pool, Urls],
) -> None:
    api, _ = checked_database
    later, earlier = now() + timedelta(days=30), now() - timedelta(days=30)
    fail = "SELECT secret_failed($1, 'nobody', $2, interval '5 minutes', 2, interval '1 hour')"
    for at in (earlier, later):
        await api.execute(fail, b"key", at)
    for at in (earlier, now(), later):
        until = await api.fetchval("SELECT secret_locked_until($1, $2)", b"key", at)
        assert now() < until < now() + timedelta(hours=1)
    use = "SELECT use_assertion('c', $1, $2, $3)"
    in_a_minute = now() + timedelta(minutes=1)
    assert await api.fetchval(use, b"once", in_a_minute, now())
    assert await api.fetchval(use, b"other", in_a_minute, later)  # which deletes what has expired
    assert not await api.fetchval(use, b"once", in_a_minute, later)
    await api.execute("SELECT secret_succeeded($1, $2)", b"proven", earlier)
    assert await api.fetchval("SELECT secret_proven($1, $2)", b"proven", later)


def administration(**fields: Any) -> str:
    return json.dumps(
        {
            "act": "seat.add",
            "agency_id": CENTER,
            "target": f"{CENTER}.lead",
            "name": "x",
            "role": "lead",
            "classes": ["C0"],
            "at": now().isoformat(),
            "log": [],
            "items": [],
        }
        | fields
    )
