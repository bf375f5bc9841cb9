"""Weighty acts: what takes two seats is done once, by two, and leaves its trace."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx import AsyncClient, Response

from app.adapters.acts.acts import MOST_WAITING
from app.adapters.acts.expiry import Expiry
from app.adapters.erasure.requests import RequestedErasures
from tests.support.service import Service, Speak

OpenReferral = Callable[[], Awaitable[str]]
CENTER = "probation-13"


@pytest.fixture
async def referral(speak: Speak, opening: Callable[..., dict[str, Any]]) -> OpenReferral:
    """`await referral()`: the id of a new referral of prison-fuchu and probation-13."""

    async def make() -> str:
        prison = await speak("prison-fuchu")
        answer = await prison.post("/v1/referrals", json=opening())
        assert answer.status_code == 201, answer.text
        referral_id: str = answer.json()["referral_id"]
        return referral_id

    return make


def hold(target: str, **changed: Any) -> dict[str, Any]:
    detail = {"reason": "litigation"}
    return {"id": str(uuid4()), "kind": "hold.set", "target": target, "detail": detail, **changed}


async def propose(client: AsyncClient, body: dict[str, Any]) -> str:
    answer = await client.post("/v1/acts", json=body)
    assert answer.status_code == 201, answer.text
    act_id: str = answer.json()["id"]
    return act_id


def code(answer: Response) -> str:
    name: str = answer.json()["type"].rpartition("/")[2]
    return name


async def holds(client: AsyncClient) -> list[str]:
    answer = await client.get("/v1/holds")
    return [item["referral_id"] for item in answer.json()["items"]]


async def test_what_one_seat_proposes_another_makes_happen(
    speak: Speak, referral: OpenReferral
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    target = await referral()
    act = await propose(officer, hold(target))
    assert target not in await holds(officer)
    waiting = (await decider.get("/v1/acts?waiting=true")).json()["items"]
    assert act in [item["id"] for item in waiting]

    approval = await decider.post(f"/v1/acts/{act}/approve")

    assert approval.status_code == 200
    assert approval.json()["state"] == "approved"
    assert approval.json()["proposed_by"] != approval.json()["decided_by"]
    assert target in await holds(officer)
    waiting = (await decider.get("/v1/acts?waiting=true")).json()["items"]
    assert act not in [item["id"] for item in waiting]


async def test_the_seat_that_proposed_cannot_approve(speak: Speak, referral: OpenReferral) -> None:
    officer = await speak(CENTER, "records_officer")
    target = await referral()
    act = await propose(officer, hold(target))
    for step in ("approve", "refuse"):
        answer = await officer.post(f"/v1/acts/{act}/{step}")
        assert (answer.status_code, code(answer)) == (403, "second_seat")
    assert target not in await holds(officer)


async def test_a_second_officer_can_approve(
    service: Service, speak: Speak, referral: OpenReferral
) -> None:
    officer = await speak(CENTER, "records_officer")
    client_id, second = f"{CENTER}.second-system", f"{CENTER}.second"
    secret = await service.add_client(CENTER, "records_officer", client_id, second)
    act = await propose(officer, hold(await referral()))
    form = {"grant_type": "client_credentials", "seat": second}
    async with service.client() as stranger:
        answer = await stranger.post("/oauth/token", auth=(client_id, secret), data=form)
    async with service.client(answer.json()["access_token"]) as client:
        assert (await client.post(f"/v1/acts/{act}/approve")).json()["state"] == "approved"


async def test_nobody_else_can_see_or_settle_an_act(speak: Speak, referral: OpenReferral) -> None:
    officer = await speak(CENTER, "records_officer")
    act = await propose(officer, hold(await referral()))
    other = await speak("prison-fuchu")
    there = [
        await other.get(f"/v1/acts/{act}"),
        *[await other.post(f"/v1/acts/{act}/{s}") for s in ("approve", "refuse", "withdraw")],
    ]
    assert {answer.status_code for answer in there} == {404}
    made_up = await other.get(f"/v1/acts/{uuid4()}")
    assert made_up.json() | {"instance": ""} == there[0].json() | {"instance": ""}
    assert act not in [i["id"] for i in (await other.get("/v1/acts")).json()["items"]]


async def test_a_hold_leaves_no_trace_for_the_other_party(
    speak: Speak, referral: OpenReferral
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    other, target = await speak("prison-fuchu"), await referral()

    async def seen() -> list[bytes]:
        paths = (f"/v1/referrals/{target}", f"/v1/referrals/{target}/messages", "/v1/inbox/status")
        return [(await other.get(path)).content for path in (*paths, "/v1/holds", "/v1/acts")]

    before = await seen()
    act = await propose(officer, hold(target, detail={"reason": "audit", "whole_case": True}))
    await decider.post(f"/v1/acts/{act}/approve")
    assert await seen() == before


async def test_a_repeat_is_the_same_act_and_another_use_of_the_id_is_refused(
    speak: Speak, referral: OpenReferral
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    body = hold(await referral())
    act = await propose(officer, body)
    again = await officer.post("/v1/acts", json=body)
    assert (again.status_code, again.json()["id"]) == (200, act)
    other = await officer.post("/v1/acts", json={**body, "target": await referral()})
    assert (other.status_code, code(other)) == (409, "id_reused")
    first = await decider.post(f"/v1/acts/{act}/approve")
    assert (await decider.post(f"/v1/acts/{act}/approve")).json() == first.json()


async def test_what_cannot_be_done_is_not_proposed(speak: Speak, referral: OpenReferral) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    target = await referral()
    for body, status, reason in (
        (hold(str(uuid4())), 404, "not_found"),
        (hold(target, kind="hold.lift", detail={}), 409, "act_impossible"),
        (hold(target, kind="no.such"), 422, "invalid"),
        (hold(target, detail={"reason": "because"}), 422, "invalid"),
        (hold(target, detail={"reason": "audit", "note": "x"}), 422, "invalid"),
        (hold("center-13"), 422, "invalid"),
    ):
        answer = await officer.post("/v1/acts", json=body)
        assert (answer.status_code, code(answer)) == (status, reason), body
    answer = await decider.post("/v1/acts", json=hold(target))
    assert (answer.status_code, code(answer)) == (403, "not_your_act")
    stranger = await speak("center-27", "records_officer")
    assert (await stranger.post("/v1/acts", json=hold(target))).status_code == 404


async def test_what_can_no_longer_be_done_when_it_is_approved_fails_and_does_nothing(
    speak: Speak, referral: OpenReferral
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    target = await referral()
    one, two = [await propose(officer, hold(target)) for _ in range(2)]
    assert (await decider.post(f"/v1/acts/{one}/approve")).json()["state"] == "approved"
    failed = (await decider.post(f"/v1/acts/{two}/approve")).json()
    assert (failed["state"], failed["outcome"]) == ("failed", {"reason": "already_held"})
    assert (await holds(officer)).count(target) == 1


@pytest.mark.parametrize("last", ["refuse", "withdraw"])
async def test_what_was_dropped_is_over(speak: Speak, referral: OpenReferral, last: str) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    target = await referral()
    act = await propose(officer, hold(target))
    by = decider if last == "refuse" else officer
    wrong = await (officer if last == "refuse" else decider).post(f"/v1/acts/{act}/{last}")
    assert wrong.status_code == 403
    assert (await by.post(f"/v1/acts/{act}/{last}")).status_code == 200
    answer = await decider.post(f"/v1/acts/{act}/approve")
    assert (answer.status_code, code(answer)) == (409, "act_settled")
    assert target not in await holds(officer)


async def test_of_racing_approvals_one_takes_effect(
    speak: Speak, referral: OpenReferral, tables: asyncpg.Pool
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    target = await referral()
    act = await propose(officer, hold(target))
    answers = await asyncio.gather(
        *(decider.post(f"/v1/acts/{act}/approve") for _ in range(8)),
        officer.post(f"/v1/acts/{act}/withdraw"),
    )
    states = {answer.json().get("state") for answer in answers}
    assert states in ({"approved"}, {"withdrawn"})
    entries = await tables.fetchval(
        "SELECT count(*) FROM log_entry WHERE detail ->> 'act_id' = $1 AND kind = 'hold'", act
    )
    assert entries == (1 if "approved" in states else 0)


async def test_a_proposal_runs_out_and_its_agency_is_told(
    service: Service, speak: Speak, referral: OpenReferral, tables: asyncpg.Pool
) -> None:
    officer = await speak(CENTER, "records_officer")
    act = await propose(officer, hold(await referral()))
    service.clock.ahead += timedelta(days=7, seconds=1)
    try:
        officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
        assert (await officer.get(f"/v1/acts/{act}")).json()["state"] == "expired"
        answer = await decider.post(f"/v1/acts/{act}/approve")
        assert (answer.status_code, code(answer)) == (409, "act_settled")
        expiry = Expiry(await _worker(service), service.clock)
        while await expiry.expire_due():
            pass
        await expiry._pool.close()
    finally:
        service.clock.ahead -= timedelta(days=7, seconds=1)
    row = await tables.fetchrow("SELECT state, decided_by FROM act WHERE id = $1", UUID(act))
    assert row is not None
    assert tuple(row) == ("expired", None)
    told_count = await tables.fetchval(
        "SELECT count(*) FROM inbox_item WHERE agency_id = $1 AND kind = 'act.expired'", CENTER
    )
    assert told_count >= 1


async def _worker(service: Service) -> asyncpg.Pool:
    return await asyncpg.create_pool(service.urls.worker, min_size=0, max_size=2)


async def test_every_step_is_in_the_log_of_the_agency_alone(
    speak: Speak, referral: OpenReferral, tables: asyncpg.Pool
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    act = await propose(officer, hold(await referral()))
    await decider.post(f"/v1/acts/{act}/approve")
    rows = await tables.fetch(
        "SELECT kind, agencies, seat_id, detail ->> 'step' AS step FROM log_entry"
        " WHERE detail ->> 'act_id' = $1 ORDER BY at, kind",
        act,
    )
    assert [(r["kind"], r["step"], r["seat_id"]) for r in rows] == [
        ("administration", "proposed", f"{CENTER}.records_officer"),
        ("administration", "approved", f"{CENTER}.decider"),
        ("hold", "set", f"{CENTER}.decider"),
    ]
    assert {tuple(r["agencies"]) for r in rows} == {(CENTER,)}


async def test_no_more_than_so_many_wait(
    speak: Speak, opening: Callable[..., dict[str, Any]]
) -> None:
    officer = await speak("probation-27", "records_officer")
    prison = await speak("prison-osaka")
    message = opening(to={"probation_office": "probation-27"})
    target = (await prison.post("/v1/referrals", json=message)).json()["referral_id"]
    acts = await asyncio.gather(
        *(officer.post("/v1/acts", json=hold(target)) for _ in range(MOST_WAITING + 3))
    )
    statuses = sorted(answer.status_code for answer in acts)
    assert statuses == [201] * MOST_WAITING + [409] * 3
    page = (await officer.get("/v1/acts?limit=20")).json()
    rest = (await officer.get(f"/v1/acts?limit=100&cursor={page['next']}")).json()
    ids = [item["id"] for item in page["items"] + rest["items"]]
    assert len(ids) == len(set(ids)) == MOST_WAITING


async def test_the_database_itself_refuses_one_seat_for_both_and_a_second_thought(
    speak: Speak, referral: OpenReferral, tables: asyncpg.Pool
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    act = UUID(await propose(officer, hold(await referral())))
    with pytest.raises(asyncpg.CheckViolationError):
        await tables.execute(
            "UPDATE act SET state = 'approved', decided_by = proposed_by WHERE id = $1", act
        )
    await decider.post(f"/v1/acts/{act}/refuse")
    for statement in ("UPDATE act SET state = 'approved' WHERE id = $1", "DELETE FROM act"):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await tables.execute(statement, *([act] if "$1" in statement else []))


async def test_what_was_erased_says_so_wherever_it_is_asked_for(
    service: Service, speak: Speak, referral: OpenReferral, tables: asyncpg.Pool
) -> None:
    officer, decider = await speak(CENTER, "records_officer"), await speak(CENTER, "decider")
    prison, target = await speak("prison-fuchu"), await referral()
    detail = {"reason": "mistaken_entry"}
    act = await propose(officer, hold(target, kind="erase", detail=detail))
    assert (await decider.get(f"/v1/referrals/{target}/messages/{target}")).json()["withheld"] == []
    approval = (await decider.post(f"/v1/acts/{act}/approve")).json()
    (asked,) = (await prison.get(f"/v1/referrals/{target}/erasures")).json()["requests"]
    assert (asked["id"], asked["state"], asked["answer"]) == (act, "pending", None)
    assert asked["agency_id"] == CENTER
    until = datetime.fromisoformat(approval["outcome"]["until"])
    assert abs(datetime.fromisoformat(asked["expires_at"]) - until) < timedelta(seconds=1)
    stranger = await speak("center-27")
    for agency, path in ((stranger, "answer"), (decider, "answer"), (stranger, "withdraw")):
        body = {"answer": "objected"} if path == "answer" else None
        answer = await agency.post(f"/v1/erasure-requests/{act}/{path}", json=body)
        absent = await agency.post(f"/v1/erasure-requests/{uuid4()}/{path}", json=body)
        assert (answer.status_code, code(answer)) == (404, code(absent))
    agreed = await prison.post(f"/v1/erasure-requests/{act}/answer", json={"answer": "agreed"})
    assert (agreed.status_code, agreed.json()["answer"]) == (200, "agreed")
    age = service.settings.key_backup_age
    assert await RequestedErasures(tables, service.clock, age).settle_due() >= 1

    read = (await decider.get(f"/v1/referrals/{target}/messages/{target}")).json()
    listed = (await prison.get(f"/v1/referrals/{target}/erasures")).json()["items"]

    assert read["body"] == {"type": "special_adjustment.notify_candidate"}
    assert read["salts"] == {}
    for item in read["withheld"]:
        assert set(item) == {"class", "reason", "erased_at", "because"}
        assert (item["reason"], item["because"]) == ("erased", "commanded")
    assert {item["class"] for item in read["withheld"]} == set(read["digests"])
    assert [item["class"] for item in listed] == sorted(read["digests"])
    when = {item["erased_at"] for item in listed}
    assert when == {item["erased_at"] for item in read["withheld"]}
    # A backup of files that was made just before the traces of the key were overwritten has it.
    kept = timedelta(days=1) + timedelta(days=35)
    (last,) = {datetime.fromisoformat(at) + kept for at in when}
    assert {item["complete_on"] for item in listed} == {str(last.date() + timedelta(days=1))}
    assert {item["overwritten_at"] for item in listed} == {None}
    seen = (await prison.get(f"/v1/referrals/{target}")).json()
    assert (seen["state"], seen["facts"]) == ("closed", {})
    assert seen["actions"] == []
    items = (await prison.get("/v1/inbox?limit=200")).json()["items"]
    assert [i["type"] for i in items if i["kind"] == "erasure" and i["referral_id"] == target] == [
        "erasure.commanded"
    ]
    assert "erasures" not in (await officer.get("/readyz")).json()["behind"]
    assert (await stranger.get(f"/v1/referrals/{target}/erasures")).status_code == 404
