"""The database erases only what something allows, whoever has a login of the service."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from app.adapters.log.entry import log_entry
from app.domain.classes import DataClass
from tests.support.callers import START, seat
from tests.support.office import Office
from tests.support.play import CENTER, PRISON, PROBATION, TO_ASSESSING, special

EVERY = sorted(DataClass)
STRANGER = "prosecutor-27"
NOTHING_ALLOWS = "nothing allows this erasure"


@pytest.fixture(scope="module")
async def worker(office: Office) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(office.urls.worker, min_size=0, max_size=2) as pool:
        yield pool


def erasure(referral: UUID, rule: str, **more: Any) -> dict[str, Any]:
    """An erasure of everything, as `erase` takes it, with nobody told."""
    return {
        "at": START.isoformat(),
        "referral_id": str(referral),
        "classes": EVERY,
        "facts": [],
        "rule": rule,
        "act_id": None,
        "complete_on": "2027-01-10",
        "clocks": [],
        "log": [],
        "items": [],
        **more,
    }


async def entries(office: Office, referral: UUID, *agencies: str) -> list[dict[str, Any]]:
    """A log entry of the erasure for each of these agencies."""
    case = await office.owner.fetchval("SELECT case_id FROM referral WHERE id = $1", referral)
    about = {"case_id": case, "referral_id": referral}
    return [log_entry(START, "erasure", {}, None, [a], **about).row() for a in agencies]


def proposal(agency: str, referral: UUID, **more: Any) -> dict[str, Any]:
    """An act to erase a referral, as `propose_act` takes it."""
    officer = seat(agency, "records_officer")
    return {
        "id": str(uuid4()),
        "kind": "erase",
        "agency_id": agency,
        "target": str(referral),
        "detail": {"reason": "mistaken_entry"},
        "proposed_at": START.isoformat(),
        "proposed_by": officer.seat_id,
        "expires_at": (START + timedelta(days=7)).isoformat(),
        "log": [log_entry(START, "act", {}, officer).row()],
        "items": [],
        **more,
    }


async def erase_by_act(office: Office, act: dict[str, Any], log: list[dict[str, Any]]) -> None:
    """Propose this act by the API's login, and erase by it at once."""
    async with office.pool.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT propose_act($1, 20)", json.dumps(act))
        rows = erasure(act["target"], "commanded", act_id=act["id"], log=log)
        await connection.execute("SELECT erase($1)", json.dumps(rows))


@pytest.mark.parametrize("kind", ["erase", "erase.ordered"])
async def test_an_agency_without_part_in_a_referral_erases_nothing_of_it(
    office: Office, kind: str
) -> None:
    referral = await special(office, TO_ASSESSING)
    log = await entries(office, referral, PRISON, PROBATION, CENTER)
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await erase_by_act(office, proposal(STRANGER, referral, kind=kind), log)


async def test_a_party_erases_nothing_that_others_rely_on_without_asking_them(
    office: Office,
) -> None:
    referral = await special(office, TO_ASSESSING)
    log = await entries(office, referral, PRISON, PROBATION, CENTER)
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await erase_by_act(office, proposal(PROBATION, referral), log)


async def test_an_erasure_is_logged_for_each_holder_of_a_copy(office: Office) -> None:
    referral = await special(office, ())
    mistake = proposal(PRISON, referral)
    with pytest.raises(asyncpg.CheckViolationError, match="logged for whoever has a copy"):
        await erase_by_act(office, mistake, await entries(office, referral, PRISON))
    await erase_by_act(office, mistake, await entries(office, referral, PRISON, PROBATION))


async def test_an_act_is_proposed_by_its_agency_and_told_to_it_alone(office: Office) -> None:
    referral = await special(office, ())
    told = {"agency_id": STRANGER, "kind": "act.proposed", "type": "erase", "urgency": "normal"}
    await office.owner.execute(
        "INSERT INTO seat VALUES ($1 || '.decider', $1, 'x', 'decider', '{C0}', now())", CENTER
    )
    wrong: tuple[dict[str, Any], ...] = (
        {"items": [told]},
        {"log": []},
        {"proposed_by": f"{CENTER}.decider"},
    )
    for other in wrong:
        act = json.dumps(proposal(PRISON, referral, **other))
        async with office.pool.acquire() as connection:
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.fetchval("SELECT propose_act($1, 20)", act)


@pytest.mark.parametrize("rule", ["case_closed", "never_accepted", "cleared", "commanded"])
async def test_the_worker_erases_nothing_without_a_clock_or_a_request(
    office: Office, worker: asyncpg.Pool, rule: str
) -> None:
    referral = await special(office, TO_ASSESSING)
    log = await entries(office, referral, PRISON, PROBATION, CENTER)
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase($1)", json.dumps(erasure(referral, rule, log=log)))


async def test_the_worker_erases_no_open_referral_whose_clock_was_started_too_early(
    office: Office, worker: asyncpg.Pool
) -> None:
    referral = await special(office, TO_ASSESSING)
    await office.owner.execute(
        "INSERT INTO retention (referral_id, rule, since) VALUES ($1, 'case_closed', $2)",
        referral,
        START.date(),
    )
    log = await entries(office, referral, PRISON, PROBATION, CENTER)
    rows = json.dumps(erasure(referral, "case_closed", log=log))
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase($1)", rows)


async def test_the_worker_erases_by_no_request_that_is_pending_or_of_another_referral(
    office: Office, worker: asyncpg.Pool
) -> None:
    referral, other = await special(office, TO_ASSESSING), await special(office, TO_ASSESSING)
    request = await requested(office, referral)
    log = await entries(office, referral, PRISON, PROBATION, CENTER)
    of_other = await entries(office, other, PRISON, PROBATION, CENTER)
    rows = erasure(referral, "commanded", act_id=str(request), log=log)
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase($1)", json.dumps(rows))
    await office.owner.execute(
        "UPDATE erasure_request SET state = 'erased', settled_at = requested_at WHERE id = $1",
        request,
    )
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):  # nobody has answered
        await worker.execute("SELECT erase($1)", json.dumps(rows))
    agree = "UPDATE erasure_answer SET answer = $2 WHERE request_id = $1"
    await office.owner.execute(agree, request, "objected")
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase($1)", json.dumps(rows))
    await office.owner.execute(agree, request, "agreed")
    wrong = json.dumps(erasure(other, "commanded", act_id=str(request), log=of_other))
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase($1)", wrong)
    asked_at = "UPDATE erasure_request SET requested_at = $2 WHERE id = $1"
    await office.owner.execute(asked_at, request, START - timedelta(seconds=1))
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):  # messages are newer
        await worker.execute("SELECT erase($1)", json.dumps(rows))
    await office.owner.execute(asked_at, request, START)
    await worker.execute("SELECT erase($1)", json.dumps(rows))


async def requested(office: Office, referral: UUID) -> UUID:
    """A pending request of the office to erase a referral, which the center has to answer."""
    act = proposal(PROBATION, referral)
    await office.pool.fetchval("SELECT propose_act($1, 20)", json.dumps(act))
    await office.owner.execute(
        "INSERT INTO erasure_request (id, agency_id, referral_id, reason, classes, requested_at,"
        " requested_by, expires_at, state) VALUES ($1, $2, $3, 'mistaken_entry', $4, $5, 'x', $6,"
        " 'pending')",
        UUID(act["id"]),
        PROBATION,
        referral,
        EVERY,
        START,
        START + timedelta(days=30),
    )
    await office.owner.execute(
        "INSERT INTO erasure_answer (request_id, agency_id, referral_id) VALUES ($1, $2, $3)",
        UUID(act["id"]),
        CENTER,
        referral,
    )
    return UUID(act["id"])


async def test_the_worker_deletes_the_consents_of_no_referral_that_is_not_erased(
    office: Office, worker: asyncpg.Pool
) -> None:
    referral = await special(office, TO_ASSESSING)
    await office.owner.execute(
        "INSERT INTO retention (referral_id, rule, since) VALUES ($1, 'ledger', $2)",
        referral,
        START.date(),
    )
    rows = erasure(referral, "ledger")
    with pytest.raises(asyncpg.CheckViolationError, match=NOTHING_ALLOWS):
        await worker.execute("SELECT erase_ledger($1)", json.dumps(rows))
