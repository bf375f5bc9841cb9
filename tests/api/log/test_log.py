"""The log over HTTP: checked as a stranger would, with what is published and nothing else."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.adapters.database.logins import Urls
from app.adapters.keys.checkpoint_keys import CheckpointKeys
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.reading import Log
from app.adapters.log.sealer import Sealer
from tests.support.service import OPERATOR, Service, Speak

PRISON, OFFICE, CENTER = "prison-fuchu", "probation-13", "center-13"
AUDITED = "center-27"


@pytest.fixture(scope="module")
async def sealer(service: Service) -> AsyncIterator[Sealer]:
    """What the worker does, when it is told to."""
    keys = CheckpointKeys(KeyFolder(service.settings.data_dir / "keys"), service.settings.log_name)
    async with asyncpg.create_pool(service.urls.worker, min_size=0, max_size=2) as pool:
        yield Sealer(pool, keys, service.settings.log_name, service.clock)


async def seal(sealer: Sealer) -> None:
    await sealer.seal()
    while await sealer.seal():
        pass


def claims_of(receipt: str) -> dict[str, Any]:
    """The claims of a receipt."""
    body = receipt.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def problem(client: httpx.AsyncClient, path: str, **params: Any) -> tuple[int, str]:
    answer = await client.get(path, params=params)
    return answer.status_code, answer.json()["type"]


def checkpoint(note: str, key: str) -> tuple[int, bytes]:
    """Size and root of a note, if the published key has signed it. Written from C2SP's pages."""
    text, _, signatures = note.rpartition("\n\n")
    name, key_id, encoded = key.split("+", 2)
    typed = base64.b64decode(encoded)
    assert hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4].hex() == key_id
    encoded_signatures = [
        line.split(" ")[2] for line in signatures.splitlines() if line.split(" ")[1] == name
    ]
    raw = base64.b64decode(encoded_signatures[0])
    assert raw[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(typed[1:]).verify(raw[4:], (text + "\n").encode())
    origin, size, root = text.split("\n")
    assert origin == name
    return int(size), base64.b64decode(root)


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


async def test_a_stranger_finds_the_receipts_entry_in_the_signed_tree(
    speak: Speak,
    stranger: httpx.AsyncClient,
    sealer: Sealer,
    opening: Callable[..., dict[str, Any]],
) -> None:
    await seal(sealer)
    auditor = await speak(AUDITED, "auditor")
    (key,) = (await stranger.get("/.well-known/log-keys")).text.splitlines()
    before, old_root = checkpoint((await auditor.get("/v1/log/checkpoint")).text, key)
    receipt = (await (await speak(PRISON)).post("/v1/referrals", json=opening())).json()
    claims = claims_of(receipt["receipt"])
    officer = await speak(PRISON, "records_officer")
    path = f"/v1/log/entries/{claims['log_entry']}"
    waiting = (await officer.get(path)).json()
    assert waiting["index"] is None
    await seal(sealer)
    entry = (await officer.get(path)).json()
    assert entry == waiting | {"index": entry["index"]}
    assert entry["index"] >= before
    assert entry["entry"]["message_id"] == receipt["message_id"]
    assert entry["entry"]["detail"]["digest"] == receipt["digest"]
    assert entry["entry"]["at"].endswith("+00:00")

    answer = await auditor.get("/v1/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    size, root = checkpoint(answer.text, key)
    leaf = hashlib.sha256(b"\x00" + rfc8785.dumps(entry["entry"])).digest()
    assert base64.b64encode(leaf).decode() == entry["hash"]
    proof = (
        await auditor.get(
            "/v1/log/proofs/inclusion", params={"index": entry["index"], "size": size}
        )
    ).json()
    assert proof["leaf"] == entry["hash"]
    leaves, start = [], 0
    while start is not None:
        page = (await auditor.get("/v1/log/leaves", params={"start": start, "end": size})).json()
        leaves += [base64.b64decode(each) for each in page["items"]]
        start = page["next"]
    assert len(leaves) == size
    assert leaves[entry["index"]] == leaf
    assert tree(leaves) == root
    if before:
        assert tree(leaves[:before]) == old_root
    grown = await auditor.get("/v1/log/proofs/consistency", params={"from": before, "to": size})
    assert (grown.json()["from"], grown.json()["to"]) == (before, size)


async def test_a_receipt_says_by_when_its_entry_is_sealed_and_a_repeat_says_the_same(
    speak: Speak, opening: Callable[..., dict[str, Any]], service: Service
) -> None:
    prison, message = await speak(PRISON), opening()
    first = await prison.post("/v1/referrals", json=message)
    again = await prison.post("/v1/referrals", json=message)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    claims = claims_of(first.json()["receipt"])
    accepted = datetime.fromisoformat(first.json()["accepted_at"])
    assert datetime.fromisoformat(claims["sealed_by"]) == accepted + service.settings.seal_within
    assert service.settings.seal_within == timedelta(hours=1)


async def test_own_entries_come_in_the_order_of_the_tree_and_name_the_caller(
    speak: Speak, sealer: Sealer, opening: Callable[..., dict[str, Any]]
) -> None:
    for _ in range(3):
        await (await speak(PRISON)).post("/v1/referrals", json=opening())
    await seal(sealer)
    officer = await speak(OFFICE, "records_officer")
    items: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        page = (await officer.get("/v1/log/entries", params={"limit": 2, **after})).json()
        items += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    indexes = [item["index"] for item in items]
    assert indexes == sorted(set(indexes))
    assert len(indexes) >= 3
    assert all(OFFICE in item["entry"]["agencies"] for item in items)
    last = await officer.get("/v1/log/entries", params={"after": indexes[-1]})
    assert last.json() == {"items": [], "next": None}


async def test_traffic_between_others_moves_nothing_of_ones_own_entries(
    speak: Speak, sealer: Sealer, opening: Callable[..., dict[str, Any]]
) -> None:
    other = await speak("bar-01-sapporo", "records_officer")
    await seal(sealer)
    before = (await other.get("/v1/log/entries")).json()
    receipt = (await (await speak(PRISON)).post("/v1/referrals", json=opening())).json()
    await seal(sealer)
    after = (await other.get("/v1/log/entries")).json()
    assert after == before
    theirs = claims_of(receipt["receipt"])["log_entry"]
    absent = "01936b7e-0000-7000-8000-000000000000"
    answers = [await other.get(f"/v1/log/entries/{each}") for each in (theirs, absent, "x")]
    assert {answer.status_code for answer in answers} == {404}
    bodies = [a.json() | {"instance": ""} for a in answers]
    assert bodies[0] == bodies[1] == bodies[2]


async def test_what_is_out_of_range_is_refused_and_says_how_far_the_log_is_sealed(
    speak: Speak, sealer: Sealer
) -> None:
    await seal(sealer)
    auditor = await speak(AUDITED, "auditor")
    size = int((await auditor.get("/v1/log/checkpoint")).text.split("\n")[1])
    beyond = await auditor.get("/v1/log/leaves", params={"start": 0, "end": size + 1})
    far = (409, "/problems/not_sealed")
    if size < 1_000:
        assert (beyond.status_code, beyond.json()["size"]) == (409, size)
    inclusion, consistency = "/v1/log/proofs/inclusion", "/v1/log/proofs/consistency"
    assert await problem(auditor, inclusion, index=0, size=size + 1) == far
    assert await problem(auditor, inclusion, index=2**53 - 2, size=2**53 - 1) == far
    assert await problem(auditor, consistency, **{"from": 0, "to": size + 1}) == far
    assert await problem(auditor, consistency, **{"from": size + 1, "to": size + 1}) == far
    invalid = (422, "/problems/invalid")
    assert await problem(auditor, "/v1/log/leaves", start=2, end=1) == invalid
    assert await problem(auditor, "/v1/log/leaves", start=-1, end=1) == invalid
    assert await problem(auditor, "/v1/log/leaves", start=0, end=2**53) == invalid
    assert await problem(auditor, inclusion, index=size, size=size) == invalid
    assert await problem(auditor, consistency, **{"from": 2, "to": 1}) == invalid
    assert await problem(auditor, "/v1/log/entries", limit=201) == invalid


@pytest.mark.parametrize(
    "path",
    [
        "/v1/log/checkpoint",
        "/v1/log/leaves?start=0&end=0",
        "/v1/log/proofs/inclusion?index=0&size=1",
        "/v1/log/proofs/consistency?from=0&to=0",
        "/v1/log/entries",
        "/v1/log/entries/01936b7e-0000-7000-8000-000000000000",
    ],
)
async def test_only_the_scope_for_it_opens_the_log(
    speak: Speak, stranger: httpx.AsyncClient, path: str
) -> None:
    assert await problem(stranger, path) == (401, "/problems/not_authenticated")
    decider = await speak(PRISON)
    assert await problem(decider, path) == (403, "/problems/scope_missing")


async def test_before_anything_was_sealed_there_is_no_checkpoint(
    new_database: Callable[[], Urls], service: Service, speak: Speak
) -> None:
    log = service.dependency(Log)
    urls = new_database()
    async with asyncpg.create_pool(urls.api, min_size=0, max_size=1) as pool:
        original, log._pool = log._pool, pool
        try:
            auditor = await speak(AUDITED, "auditor")
            answer = await auditor.get("/v1/log/checkpoint")
        finally:
            log._pool = original
    assert (answer.status_code, answer.json()["size"]) == (409, 0)


async def test_an_unsealed_log_is_told_and_takes_messages_all_the_same(
    speak: Speak,
    stranger: httpx.AsyncClient,
    service: Service,
    sealer: Sealer,
    opening: Callable[..., dict[str, Any]],
) -> None:
    await seal(sealer)
    prison = await speak(PRISON)
    answers = [(await prison.post("/v1/referrals", json=opening())) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {201}
    ahead = service.clock.ahead
    service.clock.ahead += timedelta(minutes=2)
    try:
        ready = (await stranger.get("/readyz")).json()
        metrics = (await stranger.get("/metrics", headers=OPERATOR)).text
    finally:
        service.clock.ahead = ahead
    assert ready["status"] == "ok"
    assert "log" in ready["behind"]
    values = dict(
        line.split(" ") for line in metrics.splitlines() if line.startswith("tsunagu_log")
    )
    assert float(values["tsunagu_log_unsealed"]) >= 5
    assert 120 <= float(values["tsunagu_log_oldest_unsealed_seconds"]) < 600
    sealed = float(values["tsunagu_log_sealed"])
    await seal(sealer)
    assert "log" not in (await stranger.get("/readyz")).json()["behind"]
    officer = await speak(PRISON, "records_officer")
    places = []
    for answer in answers:
        entry = claims_of(answer.json()["receipt"])["log_entry"]
        places.append((await officer.get(f"/v1/log/entries/{entry}")).json()["index"])
    assert places == sorted(places)
    assert places[0] >= sealed
