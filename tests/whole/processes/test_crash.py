"""The service as real processes: killed in the middle, and overheard by whoever reads its logs."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain.flows import BODIES
from tests.cli.processes.test_run import PATIENCE, Running
from tests.support.ready import until_ready

SENDS, KILL_AT = 200, 50
MARK = "秘密の印"
"""A word that is sent in many places, and must be found in none that others see."""


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of its own, since it will be killed."""
    started = Running(tmp_path_factory.mktemp("crash") / "data")
    yield started
    if started.process.poll() is None:
        started.end()


async def bearer(client: httpx.AsyncClient, running: Running, agency: str) -> dict[str, str]:
    """The authorization of an agency's first seat."""
    demo = json.loads((running.data_dir / "demo-clients.json").read_text())
    client_row = next(c for c in demo if c["agency_id"] == agency)
    answer = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_row["client_id"], client_row["secret"]),
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def open_client(running: Running) -> httpx.AsyncClient:
    """A client with enough connections to have many calls under way at once."""
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=PATIENCE)


def opening() -> dict[str, Any]:
    """An opening message with an id of its own."""
    body = BODIES["special_adjustment.notify_candidate"].EXAMPLE
    return {"id": str(uuid4()), "occurred_on": "2026-11-20", "body": body}


async def try_send(
    client: httpx.AsyncClient, message: dict[str, Any], headers: dict[str, str]
) -> dict[str, Any] | None:
    """The receipt of a message, unless the service goes before it gives one."""
    try:
        answer = await client.post("/v1/referrals", json=message, headers=headers)
    except httpx.TransportError:
        return None
    assert answer.status_code in {201, 503}
    return answer.json() if answer.status_code == 201 else None


async def test_what_was_answered_is_there_once_after_a_kill_and_the_rest_can_be_sent_again(
    running: Running,
) -> None:
    async with open_client(running) as client:
        prison = await bearer(client, running, "prison-fuchu")
        sends = [opening() for _ in range(SENDS)]
        answered: dict[str, dict[str, Any]] = {}
        api = running.child("serve")
        under_way = asyncio.Semaphore(SENDS // 2)  # or all are answered before it is killed

        async def send(message: dict[str, Any]) -> None:
            async with under_way:
                receipt = (
                    await try_send(client, message, prison) if len(answered) < KILL_AT else None
                )
            if receipt is not None:
                answered[message["id"]] = receipt
                if len(answered) == KILL_AT:
                    os.kill(api, signal.SIGKILL)

        await asyncio.gather(*(send(message) for message in sends))
        assert KILL_AT <= len(answered) < SENDS
        await until_ready(client)
        for message in sends:
            again = await client.post("/v1/referrals", json=message, headers=prison)
            first = answered.get(message["id"])
            assert again.status_code == 200 if first else again.status_code in {200, 201}
            assert first is None or again.json() == first
        office = await bearer(client, running, "probation-13")
        inbox = await client.get("/v1/inbox", params={"limit": 200}, headers=office)
    items = inbox.json()["items"]
    assert [item["position"] for item in items] == list(range(1, SENDS + 1))
    assert {item["message_id"] for item in items} == {message["id"] for message in sends}


def mark_texts(value: Any) -> Any:
    """The same JSON with every text that is not a code replaced by the mark."""
    if isinstance(value, dict):
        return {k: v if k == "type" else mark_texts(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mark_texts(v) for v in value]
    return MARK if isinstance(value, str) and not value.isascii() else value


async def test_no_answer_and_no_log_line_holds_what_was_sent(running: Running) -> None:
    answers: list[str] = []
    async with open_client(running) as client:
        prison = await bearer(client, running, "prison-fuchu")
        good = opening() | {"body": mark_texts(opening()["body"])}
        name = {"body": {**good["body"], "subject": {**good["body"]["subject"], MARK: MARK}}}
        bad: list[Any] = [
            good,
            good | {"urgency": MARK},
            good | {"id": MARK},
            good | {MARK: 1},
            good | {"to": {MARK: MARK}},
            good | {"occurred_on": MARK},
            good | {"legal_basis": MARK},
            good | name,
            good | {"body": {"type": MARK}},
            good | {"body": {**good["body"], "disability": MARK}},
            [MARK],
            MARK,
        ]
        for content in bad:
            answer = await client.post("/v1/referrals", json=content, headers=prison)
            assert answer.status_code < 500
            answers.append(answer.text + str(answer.headers))
        raw = json.dumps(good, ensure_ascii=False).encode()
        for cut in (raw[:-1], raw.replace(b"{", b"\xff{", 1), raw + raw):
            answer = await client.post("/v1/referrals", content=cut, headers=prison)
            answers.append(answer.text)
        paths = (f"/v1/{MARK}", f"/v1/referrals/{MARK}", f"/v1/referrals?cursor={MARK}")
        answers += [(await client.get(path, headers=prison)).text for path in paths]
    running.end()
    log = (running.data_dir / "postgres" / "server.log").read_text(errors="replace")
    heard = running.output + running.errors + log + "".join(answers)
    assert log
    assert MARK not in heard
    assert json.dumps(MARK)[1:-1] not in heard
