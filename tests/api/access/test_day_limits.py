"""What an agency has done enough of on a day is refused to it, over HTTP, and to nobody else."""

from collections.abc import Callable
from typing import Any

import asyncpg

from app.domain.calendar.clock import JAPAN
from tests.support.service import Service, Speak

USE_UP = """
    INSERT INTO day_count (agency_id, kind, other, day, used) VALUES ($1, $2, '', $3, 1000000)
    ON CONFLICT (agency_id, kind, other) DO UPDATE SET used = excluded.used, day = excluded.day
"""


async def test_an_agency_is_told_until_when_and_others_go_on(
    speak: Speak, opening: Callable[..., dict[str, Any]], service: Service, tables: asyncpg.Pool
) -> None:
    prison, probation = await speak("prison-fuchu"), await speak("probation-13")
    message = opening()
    assert (await prison.post("/v1/referrals", json=message)).status_code == 201
    today = service.clock().astimezone(JAPAN).date()
    for kind in ("openings", "referrals", "refusals", "exports"):
        await tables.execute(USE_UP, "prison-fuchu", kind, today)
    case = (await prison.get(f"/v1/referrals/{message['id']}")).json()["case_id"]
    calls = {
        "openings": ("POST", "/v1/messages/read", {"ids": [message["id"]]}),
        "referrals": ("POST", "/v1/referrals", opening()),
        "refusals": ("POST", "/v1/referrals?dry_run=true", opening()),
        "exports": ("GET", f"/v1/cases/{case}/disclosures/sheet", None),
    }
    for kind, (method, path, body) in calls.items():
        answer = await prison.request(method, path, json=body)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (429, "/problems/too_many_today")
        assert problem["of"] == kind
        assert 0 < int(answer.headers["Retry-After"]) == problem["retry_after"] <= 86_401
    opened = await probation.post("/v1/messages/read", json={"ids": [message["id"]]})
    assert opened.json()["items"][0]["body"]
    await tables.execute("DELETE FROM day_count")
    assert (await prison.post("/v1/referrals", json=calls["referrals"][2])).status_code == 201
