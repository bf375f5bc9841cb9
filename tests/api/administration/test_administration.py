"""Administration over HTTP: two seats where it weighs, one where it has to be quick."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from httpx import AsyncClient, Response

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect as connected_to
from app.auth.secrets import hash_secret, new_secret
from app.domain.administration.seats import Client, Seat
from tests.support.service import Service, Speak

AGENCY = "center-27"
OTHER = "center-13"
NUMBERS = count(1)


@pytest.fixture
async def officer(speak: Speak) -> AsyncClient:
    return await speak(AGENCY, "records_officer")


@pytest.fixture
async def decider(speak: Speak) -> AsyncClient:
    return await speak(AGENCY, "decider")


def code(answer: Response) -> str:
    name: str = answer.json()["type"].rpartition("/")[2]
    return name


def fresh(what: str = "seat") -> str:
    return f"{AGENCY}.{what}-{next(NUMBERS)}"


async def propose(seat: AsyncClient, kind: str, target: str, detail: Any = None) -> Response:
    act = {"id": str(uuid4()), "kind": kind, "target": target, "detail": detail or {}}
    return await seat.post("/v1/acts", json=act)


async def propose_and_approve(
    first: AsyncClient, second: AsyncClient, kind: str, target: str, detail: Any = None
) -> str:
    """An act that both seats have agreed on; its id."""
    proposal = await propose(first, kind, target, detail)
    assert proposal.status_code == 201, proposal.text
    act: str = proposal.json()["id"]
    approval = await second.post(f"/v1/acts/{act}/approve")
    assert approval.json()["state"] == "approved", approval.text
    return act


async def find_row(seat: AsyncClient, what: str, its_id: str) -> dict[str, Any] | None:
    items = (await seat.get(f"/v1/administration/{what}?limit=100")).json()["items"]
    return next((item for item in items if item["id"] == its_id), None)


async def entries(tables: asyncpg.Pool, target: str) -> list[tuple[Any, ...]]:
    rows = await tables.fetch(
        "SELECT agencies, seat_id, detail ->> 'act' AS act, detail ->> 'step' AS step"
        " FROM log_entry WHERE kind = 'administration' AND detail ->> 'target' = $1"
        " ORDER BY at, id",
        target,
    )
    return [(row["act"], row["step"], row["seat_id"], row["agencies"]) for row in rows]


async def token(service: Service, client_id: str, secret: str) -> Response:
    async with service.client() as client:
        form = {"grant_type": "client_credentials"}
        return await client.post("/oauth/token", auth=(client_id, secret), data=form)


def a_key() -> dict[str, str]:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    return {n: _coordinate(v) for n, v in (("x", numbers.x), ("y", numbers.y))}


def _coordinate(number: int) -> str:
    return urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")


async def test_two_seats_add_a_seat_and_a_client_and_only_who_asked_gets_the_secret(
    service: Service, officer: AsyncClient, decider: AsyncClient, tables: asyncpg.Pool
) -> None:
    seat, client_id = fresh(), fresh("client")
    await propose_and_approve(
        officer, decider, "seat.add", seat, {"role": "case_worker", "classes": ["C0", "C1"]}
    )
    added = await find_row(officer, "seats", seat)
    assert added is not None
    assert (added["role"], added["classes"], added["disabled_at"]) == (
        "case_worker",
        ["C0", "C1"],
        None,
    )
    act = await propose_and_approve(officer, decider, "client.add", client_id, {"seats": [seat]})
    client_row = await find_row(officer, "clients", client_id)
    assert client_row is not None
    assert (client_row["seats"], client_row["proof"]) == ([seat], "none")

    answer = (await officer.post(f"/v1/acts/{act}/secret")).json()
    assert answer["client_id"] == client_id
    got = await token(service, client_id, answer["secret"])
    assert got.status_code == 200
    async with service.client(got.json()["access_token"]) as client:
        me = (await client.get("/v1/me")).json()
    assert me["seat"]["id"] == seat
    stored = await tables.fetch(
        "SELECT to_jsonb(a)::text AS text FROM act a UNION ALL"
        " SELECT to_jsonb(l)::text FROM log_entry l UNION ALL"
        " SELECT to_jsonb(c)::text FROM client c"
    )
    assert not any(answer["secret"] in row["text"] for row in stored)
    assert (await decider.post(f"/v1/acts/{act}/secret")).status_code in {403, 404}
    # Lost on the way: another one, in place of that.
    again = (await officer.post(f"/v1/acts/{act}/secret")).json()["secret"]
    assert (await token(service, client_id, answer["secret"])).status_code == 401
    assert (await token(service, client_id, again)).status_code == 200


async def test_a_secret_can_be_fetched_for_an_hour_and_by_the_proposing_seat_only(
    service: Service, officer: AsyncClient, decider: AsyncClient
) -> None:
    client_id = fresh("client")
    seats = {"seats": [f"{AGENCY}.decider"]}
    proposal = await propose(officer, "client.add", client_id, seats)
    act = proposal.json()["id"]
    early = await officer.post(f"/v1/acts/{act}/secret")
    assert (early.status_code, early.json()["reason"]) == (409, "not_approved")
    await decider.post(f"/v1/acts/{act}/approve")
    second = f"{AGENCY}.second-officer"
    secret = await service.add_client(AGENCY, "records_officer", f"{second}-system", second)
    bearer = (await token(service, f"{second}-system", secret)).json()["access_token"]
    async with service.client(bearer) as other_seat:
        answer = await other_seat.post(f"/v1/acts/{act}/secret")
        assert (answer.status_code, code(answer)) == (403, "not_your_act")
    service.clock.ahead += timedelta(minutes=61)
    try:
        bearer = await service.token(AGENCY, "records_officer")
        async with service.client(bearer) as late:
            answer = await late.post(f"/v1/acts/{act}/secret")
        assert (answer.status_code, answer.json()["reason"]) == (409, "too_late")
    finally:
        service.clock.ahead -= timedelta(minutes=61)


@pytest.mark.parametrize("kind", ["client.set_key", "client.new_secret"])
async def test_one_seat_does_not_undo_with_an_older_secret_what_two_decided_since(
    officer: AsyncClient, decider: AsyncClient, kind: str
) -> None:
    client_id = fresh("client")
    older = await propose_and_approve(
        officer, decider, "client.add", client_id, {"seats": [f"{AGENCY}.decider"]}
    )
    assert (await officer.post(f"/v1/acts/{older}/secret")).status_code == 200
    detail = {"public_key": a_key()} if kind == "client.set_key" else {}
    newer = await propose_and_approve(officer, decider, kind, client_id, detail)
    before = await find_row(officer, "clients", client_id)
    answer = await officer.post(f"/v1/acts/{older}/secret")
    assert (answer.status_code, answer.json().get("reason")) == (409, "superseded")
    assert await find_row(officer, "clients", client_id) == before
    if kind == "client.new_secret":
        assert (await officer.post(f"/v1/acts/{newer}/secret")).status_code == 200


@pytest.mark.parametrize("how", ["disabled", "changed"])
async def test_what_a_seat_proposed_before_it_was_taken_away_is_not_done(
    service: Service, officer: AsyncClient, decider: AsyncClient, how: str
) -> None:
    lost, client_id, wanted = fresh("officer"), fresh("system"), fresh()
    secret = await service.add_client(AGENCY, "records_officer", client_id, lost)
    bearer = (await token(service, client_id, secret)).json()["access_token"]
    async with service.client(bearer) as thief:
        act = (
            await propose(thief, "seat.add", wanted, {"role": "decider", "classes": ["C1"]})
        ).json()["id"]
    if how == "disabled":
        await officer.post(f"/v1/administration/seats/{lost}/disable")
    else:
        await propose_and_approve(officer, decider, "seat.change", lost, {"role": "viewer"})
    for _ in range(2):
        answer = await decider.post(f"/v1/acts/{act}/approve")
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["outcome"]) == (
            "failed",
            {"reason": "proposer_gone"},
        )
    assert await find_row(officer, "seats", wanted) is None


async def test_what_was_lost_is_switched_off_by_one_seat_and_let_in_again_by_two(
    service: Service, officer: AsyncClient, decider: AsyncClient, tables: asyncpg.Pool
) -> None:
    client_id = fresh("client")
    act = await propose_and_approve(
        officer, decider, "client.add", client_id, {"seats": [f"{AGENCY}.decider"]}
    )
    secret = (await officer.post(f"/v1/acts/{act}/secret")).json()["secret"]
    bearer = (await token(service, client_id, secret)).json()["access_token"]
    async with service.client(bearer) as lost:
        assert (await lost.get("/v1/me")).status_code == 200
        off = await officer.post(f"/v1/administration/clients/{client_id}/disable")
        assert off.status_code == 200
        assert off.json()["disabled_at"] is not None
        again = await officer.post(f"/v1/administration/clients/{client_id}/disable")
        assert again.json() == off.json()
        async with asyncio.timeout(5):
            while (await lost.get("/v1/me")).status_code != 401:  # noqa: ASYNC110 - by looking
                await asyncio.sleep(0.05)
    assert (await token(service, client_id, secret)).status_code == 401
    alone = await propose(officer, "client.enable", client_id)
    assert (await token(service, client_id, secret)).status_code == 401
    await decider.post(f"/v1/acts/{alone.json()['id']}/approve")
    assert (await token(service, client_id, secret)).status_code == 200
    seat = f"{AGENCY}.records_officer"
    steps = [(act, step, by) for act, step, by, _ in await entries(tables, client_id)]
    assert ("client.disable", None, seat) in steps
    assert steps.count(("client.disable", None, seat)) == 1
    assert ("client.enable", "approved", f"{AGENCY}.decider") in steps
    assert {tuple(agencies) for *_, agencies in await entries(tables, client_id)} == {(AGENCY,)}
    inbox = (await decider.get("/v1/inbox?limit=200")).json()["items"]
    assert ("administration.disabled", "client.disable") in {(i["kind"], i["type"]) for i in inbox}


async def test_seats_are_changed_and_clients_linked_and_given_keys(
    officer: AsyncClient, decider: AsyncClient, tables: asyncpg.Pool
) -> None:
    seat, client_id = fresh(), fresh("client")
    await propose_and_approve(
        officer, decider, "seat.add", seat, {"role": "viewer", "classes": ["C0"]}
    )
    await propose_and_approve(officer, decider, "seat.change", seat, {"classes": ["C0", "C2"]})
    await propose_and_approve(officer, decider, "seat.change", seat, {"role": "case_worker"})
    seat_row = await find_row(officer, "seats", seat)
    assert seat_row is not None
    assert (seat_row["role"], seat_row["classes"]) == ("case_worker", ["C0", "C2"])
    key = a_key()
    await propose_and_approve(
        officer, decider, "client.add", client_id, {"seats": [seat], "public_key": key}
    )
    both = [f"{AGENCY}.decider", seat]
    await propose_and_approve(officer, decider, "client.link", client_id, {"seats": both})
    other_key = a_key()
    await propose_and_approve(
        officer, decider, "client.set_key", client_id, {"public_key": other_key}
    )
    client = await find_row(officer, "clients", client_id)
    assert client is not None
    assert (client["seats"], client["proof"]) == (both, "key")
    jwk = await tables.fetchval("SELECT public_jwk FROM client WHERE id = $1", client_id)
    assert f'"{other_key["x"]}"' in jwk


@pytest.mark.parametrize(
    ("kind", "target", "detail", "reason"),
    [
        ("seat.add", f"{OTHER}.mine", {"role": "viewer", "classes": ["C0"]}, "not_own_id"),
        ("seat.add", f"{AGENCY}.Big", {"role": "viewer", "classes": ["C0"]}, "bad_id"),
        ("seat.add", f"{AGENCY}.decider", {"role": "viewer", "classes": ["C0"]}, "taken"),
        ("seat.enable", f"{AGENCY}.decider", {}, "as_it_is"),
        ("client.add", f"{AGENCY}.c", {"seats": [f"{OTHER}.decider"]}, "unknown_seat"),
        ("client.add", f"{AGENCY}.c", {"seats": [f"{AGENCY}.nobody"]}, "unknown_seat"),
    ],
)
async def test_what_cannot_be_done_is_refused_when_it_is_proposed(
    officer: AsyncClient, speak: Speak, kind: str, target: str, detail: Any, reason: str
) -> None:
    await speak(OTHER, "decider")
    await speak(AGENCY, "decider")
    answer = await propose(officer, kind, target, detail)
    assert (answer.status_code, answer.json().get("reason")) == (409, reason)


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("seat.add", {"role": "operator", "classes": ["C0"]}),
        ("seat.add", {"role": "auditor", "classes": ["C0"]}),
        ("seat.add", {"role": "viewer", "classes": ["C9"]}),
        ("seat.add", {"role": "viewer", "classes": []}),
        ("seat.add", {"role": "viewer", "classes": ["C0", "C0"]}),
        ("seat.change", {"classes": []}),
        ("seat.change", {"classes": ["C0", "C1", "C0"]}),
        ("seat.add", {"role": "viewer", "classes": ["C0"], "name": "山田"}),
        ("seat.change", {}),
        ("client.add", {"seats": []}),
        ("client.add", {"seats": ["a.b", "a.b"]}),
        ("client.set_key", {"public_key": {"x": "A" * 43, "y": "A" * 43}}),
        ("client.set_key", {"public_key": {**a_key(), "d": "A" * 43}}),
    ],
)
async def test_a_detail_of_another_shape_is_refused(
    officer: AsyncClient, kind: str, detail: Any
) -> None:
    answer = await propose(officer, kind, fresh(), detail)
    assert (answer.status_code, code(answer)) == (422, "invalid")


@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_nobody_makes_themselves_an_operator_or_auditor(
    service: Service, officer: AsyncClient, role: str
) -> None:
    seat = fresh(role)
    async with connected_to(service.urls.owner) as connection:
        administration = Administration(connection)
        await administration.add_seat(Seat(seat, AGENCY, "x", role, frozenset()), service.clock())
    for kind, target, detail in (
        ("seat.change", seat, {"classes": ["C1"]}),
        ("client.add", fresh("client"), {"seats": [seat]}),
    ):
        answer = await propose(officer, kind, target, detail)
        assert (answer.status_code, answer.json()["reason"]) == (409, "operator_seat")


async def test_nobody_takes_over_the_system_of_an_operator(
    service: Service, officer: AsyncClient, decider: AsyncClient
) -> None:
    seat, client, plain = fresh("operator"), fresh("client"), f"{AGENCY}.decider"
    waiting = fresh("client")
    async with connected_to(service.urls.owner) as connection:
        administration = Administration(connection)
        await administration.add_seat(
            Seat(seat, AGENCY, "x", "operator", frozenset()), service.clock()
        )
        for its_id, seats in ((client, (seat,)), (waiting, (plain,))):
            secret_hash = hash_secret(new_secret())
            await administration.add_client(
                Client(its_id, AGENCY, "x", seats, secret_hash), service.clock()
            )
    for kind, detail in (
        ("client.new_secret", {}),
        ("client.set_key", {"public_key": a_key()}),
        ("client.link", {"seats": [plain]}),
    ):
        answer = await propose(officer, kind, client, detail)
        assert (answer.status_code, answer.json()["reason"]) == (409, "operator_seat"), kind
    # Nor one that has become an operator's between the approval and the fetching.
    act = await propose_and_approve(officer, decider, "client.new_secret", waiting)
    async with connected_to(service.urls.owner) as connection:
        await Administration(connection).link(waiting, (seat,))
    answer = await officer.post(f"/v1/acts/{act}/secret")
    assert (answer.status_code, answer.json()["reason"]) == (409, "operator_seat")
    # What was lost is switched off all the same.
    answer = await officer.post(f"/v1/administration/clients/{client}/disable")
    assert answer.status_code == 200


async def test_another_agencys_seats_and_clients_are_like_none_at_all(
    officer: AsyncClient, speak: Speak
) -> None:
    await speak(OTHER, "decider")

    def blank(answer: Response) -> tuple[int, Any]:
        return answer.status_code, answer.json() | {"instance": ""}

    for what, its_id in (("seats", f"{OTHER}.decider"), ("clients", f"{OTHER}.decider-system")):
        there = await officer.post(f"/v1/administration/{what}/{its_id}/disable")
        nowhere = await officer.post(f"/v1/administration/{what}/{OTHER}.nobody/disable")
        assert blank(there) == blank(nowhere)
        assert there.status_code == 404
        assert await find_row(officer, what, its_id) is None
    for kind, target in (
        ("seat.enable", f"{OTHER}.decider"),
        ("client.new_secret", f"{OTHER}.decider-system"),
    ):
        there = await propose(officer, kind, target)
        nowhere = await propose(officer, kind, f"{OTHER}.nobody")
        assert blank(there) == blank(nowhere)
        assert there.status_code == 404


@pytest.mark.parametrize("path", ["%00", "a%00b", "%F0%9F%92%A5", "..", "A", "x" * 200])
async def test_what_is_no_id_is_the_id_of_nothing(officer: AsyncClient, path: str) -> None:
    for what in ("seats", "clients"):
        answer = await officer.post(f"/v1/administration/{what}/{path}/disable")
        assert answer.status_code == 404


async def test_lists_are_paged_in_the_order_of_ids(
    officer: AsyncClient, decider: AsyncClient
) -> None:
    for _ in range(3):
        await propose_and_approve(
            officer, decider, "seat.add", fresh(), {"role": "viewer", "classes": ["C0"]}
        )
    whole = (await officer.get("/v1/administration/seats?limit=100")).json()["items"]
    ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await officer.get(f"/v1/administration/seats?limit=2{cursor}")).json()
        ids += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert ids == [item["id"] for item in whole] == sorted(ids)
    bad = await officer.get("/v1/administration/seats?cursor=WyJcdTAwMDAiXQ")
    assert bad.status_code == 422


@pytest.fixture
async def operators(service: Service) -> tuple[AsyncClient, AsyncClient]:
    """Two seats that operate the service."""
    clients = []
    for number in (1, 2):
        seat = f"prefecture-13.operator-{number}"
        client_id, secret = f"{seat}-system", new_secret()
        async with connected_to(service.urls.owner) as connection:
            administration = Administration(connection)
            if seat not in {s.id for s in await administration.seats()}:
                now = service.clock()
                await administration.add_seat(Seat(seat, "prefecture-13", "x", "operator"), now)
                system = Client(client_id, "prefecture-13", "x", (seat,), hash_secret(secret))
                await administration.add_client(system, now)
                service.secrets[client_id] = secret
        answer = await token(service, client_id, service.secrets[client_id])
        clients.append(service.client(answer.json()["access_token"]))
    return clients[0], clients[1]


async def test_two_operators_switch_an_agency_off_and_on_and_it_reads_that_in_its_log(
    operators: tuple[AsyncClient, AsyncClient],
    officer: AsyncClient,
    tables: asyncpg.Pool,
) -> None:
    first, second = operators
    agency = "bar-27-osaka"
    await propose_and_approve(first, second, "agency.disable", agency)
    assert await tables.fetchval("SELECT disabled_at FROM agency WHERE id = $1", agency)
    same = await propose(first, "agency.disable", agency)
    assert same.json()["reason"] == "as_it_is"
    await propose_and_approve(first, second, "agency.enable", agency)
    assert not await tables.fetchval("SELECT disabled_at FROM agency WHERE id = $1", agency)
    rows = await tables.fetch(
        "SELECT agency_id, seat_id, agencies, detail FROM log_entry WHERE kind = 'administration'"
        " AND detail ->> 'act' LIKE 'agency.%' ORDER BY at, id"
    )
    own = [row for row in rows if row["agencies"] == [agency]]
    assert len(own) == 2
    assert all(row["seat_id"] is None and "prefecture" not in row["detail"] for row in own)
    assert all(len(row["agencies"]) == 1 for row in rows)
    mine = await propose(first, "agency.disable", "prefecture-13")
    assert mine.json()["reason"] == "own_agency"
    assert (await propose(first, "agency.disable", "nowhere")).status_code == 404
    refused = await propose(officer, "agency.disable", agency)
    assert (refused.status_code, code(refused)) == (403, "not_your_act")


async def test_two_operators_cannot_retire_a_master_key_under_which_something_lies(
    operators: tuple[AsyncClient, AsyncClient],
    speak: Speak,
    opening: Callable[..., dict[str, Any]],
) -> None:
    prison = await speak("prison-fuchu")
    assert (await prison.post("/v1/referrals", json=opening())).status_code == 201
    answer = await propose(operators[0], "master_key.retire", "1")
    assert (answer.status_code, answer.json()["reason"]) == (409, "in_use")
    for unknown in ("one", "2", "999999999", "9" * 20, "-1", "1_0", "１"):
        answer = await propose(operators[0], "master_key.retire", unknown)
        assert answer.status_code in {404, 422}, unknown
        assert "in_use" not in answer.text


@pytest.mark.parametrize(
    ("agency", "role"), [("center-44", "decider"), ("center-45", "records_officer")]
)
async def test_one_seat_does_not_take_the_last_of_its_role_from_an_agency(
    speak: Speak, tables: asyncpg.Pool, agency: str, role: str
) -> None:
    officer, decider = await speak(agency, "records_officer"), await speak(agency, "decider")
    seat, client = f"{agency}.{role}", f"{agency}.{role}-system"
    for what, its_id in (("seats", seat), ("clients", client)):
        refused = await officer.post(f"/v1/administration/{what}/{its_id}/disable")
        assert (refused.status_code, code(refused)) == (409, "act_impossible")
        assert refused.json()["reason"] == "last_one"
    off = "SELECT count(*) FROM seat WHERE agency_id = $1 AND disabled_at IS NOT NULL"
    assert await tables.fetchval(off, agency) == 0
    changes: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("seat.change", seat, {"role": "viewer", "classes": ["C0"]}),
        ("client.link", client, {"seats": []}),
        ("client.link", client, {"seats": [f"{agency}.case_worker"]}),
    )
    await speak(agency, "case_worker")
    for kind, target, detail in changes:
        refused = await propose(officer, kind, target, detail)
        if refused.status_code == 422:  # a client speaks for at least one seat
            continue
        assert (refused.status_code, refused.json()["reason"]) == (409, "last_one")
    second = f"{agency}.{role}-2"
    detail = {"role": role, "classes": ["C0"]}
    await propose_and_approve(officer, decider, "seat.add", second, detail)
    refused = await officer.post(f"/v1/administration/seats/{seat}/disable")
    assert refused.status_code == 409  # nobody speaks for the second seat yet
    act = await propose_and_approve(
        officer, decider, "client.add", f"{second}-system", {"seats": [second]}
    )
    assert (await officer.post(f"/v1/acts/{act}/secret")).status_code == 200
    if role == "decider":
        assert (await officer.post(f"/v1/administration/seats/{seat}/disable")).is_success


async def test_two_operators_switch_on_what_an_agency_switched_off(
    operators: tuple[AsyncClient, AsyncClient],
    officer: AsyncClient,
    decider: AsyncClient,
    tables: asyncpg.Pool,
) -> None:
    first, second = operators
    seat = fresh()
    detail = {"role": "viewer", "classes": ["C0"]}
    await propose_and_approve(officer, decider, "seat.add", seat, detail)
    assert (await officer.post(f"/v1/administration/seats/{seat}/disable")).is_success
    await propose_and_approve(first, second, "seat.restore", seat)
    assert await tables.fetchval("SELECT disabled_at IS NULL FROM seat WHERE id = $1", seat)
    rows = await tables.fetch(
        "SELECT agencies FROM log_entry WHERE detail ->> 'act' = 'seat.restore'"
        " AND detail ->> 'target' = $1",
        seat,
    )
    assert [AGENCY] in [row["agencies"] for row in rows]
    assert (await propose(first, "seat.restore", f"{AGENCY}.nobody")).status_code == 404
    refused = await propose(officer, "seat.restore", seat)
    assert (refused.status_code, code(refused)) == (403, "not_your_act")


async def test_an_agency_has_no_more_enabled_clients_than_it_may(
    speak: Speak, service: Service, tables: asyncpg.Pool
) -> None:
    agency, most = "center-46", service.settings.clients_per_agency
    officer, decider = await speak(agency, "records_officer"), await speak(agency, "decider")
    enabled = "SELECT count(*) FROM client WHERE agency_id = $1 AND disabled_at IS NULL"
    there = await tables.fetchval(enabled, agency)
    await tables.execute(
        "INSERT INTO client (id, agency_id, name, created_at, dpop_required)"
        " SELECT $1 || '.system-' || n, $1, 'x', now(), false FROM generate_series(1, $2) AS n",
        agency,
        most - there - 1,
    )
    seats = {"seats": [f"{agency}.decider"]}
    acts = [
        (await propose(officer, "client.add", f"{agency}.{name}", seats)).json()["id"]
        for name in ("one", "two", "three")
    ]
    approvals = await asyncio.gather(*(decider.post(f"/v1/acts/{act}/approve") for act in acts))
    states = [(a.json()["state"], (a.json()["outcome"] or {}).get("reason")) for a in approvals]
    assert sorted(state for state, _ in states) == ["approved", "failed", "failed"]
    assert {reason for state, reason in states if state == "failed"} == {"too_many_clients"}
    assert await tables.fetchval(enabled, agency) == most
    late = await propose(officer, "client.add", f"{agency}.late", seats)
    assert (late.status_code, late.json()["reason"]) == (409, "too_many_clients")
    off = await officer.post(f"/v1/administration/clients/{agency}.system-1/disable")
    assert off.is_success
    await propose_and_approve(officer, decider, "client.add", f"{agency}.late", seats)
    again = await propose(officer, "client.enable", f"{agency}.system-1")
    assert (again.status_code, again.json()["reason"]) == (409, "too_many_clients")
    other = await speak("center-47", "records_officer")
    theirs = {"seats": ["center-47.records_officer"]}
    assert (await propose(other, "client.add", "center-47.one", theirs)).status_code == 201
