"""Whoever is refused again and again is answered later, and nobody else is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.api.wire import refused_work
from app.api.wire.json_body import LONGEST_TEXT, MOST_MEMBERS, MOST_VALUES
from app.api.wire.problems.answers import MOST_ERRORS, errors_at
from app.api.wire.refused_work import RefusedWork
from app.domain.access.caller import Caller
from app.domain.errors import TooMany
from tests.support.service import Service, Speak

CONTRACT = Path(__file__).parents[3] / "openapi" / "openapi.json"


class Time:
    """A clock that stands still."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def caller(client: str, agency: str = "one") -> Caller:
    return Caller(client, agency, f"{agency}.seat", "case_worker", frozenset(), frozenset(), False)


def refuse(work: RefusedWork, client: Caller, times: int) -> None:
    for _ in range(times):
        work.settle(client, 0.0, refused=True, waited=False)


async def waits(work: RefusedWork, client: Caller) -> bool:
    """Whether a call of the client would be kept waiting at all."""
    try:
        return await work.wait(client)
    except TooMany:
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for: whoever would wait is refused."""
    monkeypatch.setattr(refused_work, "LONGEST_WAIT", 0.0)


@pytest.mark.usefixtures("impatient")
async def test_a_client_that_is_refused_more_than_its_share_waits_and_no_other_does() -> None:
    clock = Time()
    work = RefusedWork(clock=clock)
    refuse(work, caller("a"), 100)
    assert not await waits(work, caller("a"))
    refuse(work, caller("a"), 1)
    assert await waits(work, caller("a"))
    assert not await waits(work, caller("b"))
    assert not await waits(work, caller("c", "other"))
    clock.now += 1.0
    assert not await waits(work, caller("a"))


@pytest.mark.usefixtures("impatient")
async def test_clients_of_an_agency_have_four_times_the_share_together() -> None:
    work = RefusedWork(clock=Time())
    for n in range(4):
        refuse(work, caller(f"client {n}"), 100)
    assert not await waits(work, caller("client 9"))
    refuse(work, caller("client 4"), 1)
    assert await waits(work, caller("client 9"))
    assert not await waits(work, caller("c", "other"))


@pytest.mark.usefixtures("impatient")
async def test_what_was_refused_is_forgotten_within_a_minute() -> None:
    clock = Time()
    work = RefusedWork(clock=clock)
    refuse(work, caller("a"), 100_000)
    assert await waits(work, caller("a"))
    clock.now += refused_work.LONGEST_DEBT
    assert not await waits(work, caller("a"))
    refuse(work, caller("b", "other"), 1)
    assert len(work._even_at) == 2


async def test_those_who_wait_go_on_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def note(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    work = RefusedWork(clock=Time())
    refuse(work, caller("a"), 150)
    for _ in range(3):
        assert await work.wait(caller("a"))
    step = refused_work.REFUSAL / refused_work.SHARE
    assert slept == pytest.approx([1.0, 1.0 + step, 1.0 + 2 * step])
    for _ in range(3):
        work.settle(caller("a"), 0.0, refused=False, waited=True)
    assert await work.wait(caller("a"))
    assert slept[3] == pytest.approx(1.0)


async def test_nobody_waits_where_calls_are_not_limited() -> None:
    work = RefusedWork(counts=False)
    refuse(work, caller("a"), 100_000)
    assert not await work.wait(caller("a"))


@pytest.fixture
async def strict(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The service refuses a client whatever it sends after one refusal."""
    monkeypatch.setattr(refused_work, "FREE", 0.0)
    monkeypatch.setattr(refused_work, "LONGEST_WAIT", 0.0)
    dependencies = service.app.state.dependencies
    usual = dependencies[RefusedWork]
    dependencies.override(RefusedWork, RefusedWork(clock=Time()))
    yield
    dependencies.override(RefusedWork, usual)


JSON = {"Content-Type": "application/json"}
REFUSED: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "no JSON": ("POST", "/v1/referrals", {"content": b"{", "headers": JSON}),
    "another type": ("POST", "/v1/acts", {"content": b"{}", "headers": {"Content-Type": "x/y"}}),
    "too large": ("POST", "/v1/acts", {"content": b" " * 40_000, "headers": JSON}),
    "unknown names": ("POST", "/v1/webhooks", {"json": {"a": 1}}),
    "unknown parameters": ("GET", "/v1/inbox?a=1", {}),
    "nothing there": ("GET", f"/v1/referrals/{uuid4()}", {}),
    "no scope": ("GET", "/v1/log/entries", {}),
}


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("name", REFUSED)
async def test_every_refusal_of_a_client_counts(speak: Speak, name: str) -> None:
    client, other = await speak("prison-fuchu"), await speak("probation-13")
    method, path, content = REFUSED[name]
    assert (await client.get("/v1/me")).status_code == 200
    assert (await client.get("/v1/me")).status_code == 200
    assert (await client.request(method, path, **content)).status_code in range(400, 423)
    answer = await client.get("/v1/me")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert (await other.get("/v1/me")).status_code == 200


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("path", ["/v1/referrals", "/v1/acts"])
async def test_the_time_in_which_a_body_was_read_counts(
    speak: Speak,
    opening: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setattr(refused_work, "REFUSAL", 0.0)
    client, message = await speak("prison-fuchu"), opening()
    assert (await client.get(f"/v1/referrals/{uuid4()}")).status_code == 404
    assert (await client.get("/v1/me")).status_code == 200
    contacts = [{f"unknown_{n}": n for n in range(36)}] * 45
    body = {**message["body"], "family_contacts": contacts}
    assert (await client.post(path, json={**message, "body": body})).status_code == 422
    assert (await client.get("/v1/me")).status_code == 429


def test_no_more_errors_are_described_than_are_answered() -> None:
    seen = count()
    errors = ({"loc": ("body", f"n{next(seen)}"), "type": "extra_forbidden"} for _ in range(9_000))
    assert len(errors_at(errors)) == MOST_ERRORS
    assert next(seen) <= MOST_ERRORS + 1


def test_no_schema_of_the_contract_takes_more_than_is_read() -> None:
    contract = json.loads(CONTRACT.read_text())
    bodies = [
        content["schema"]
        for operations in contract["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    schemas = contract["components"]["schemas"]
    assert 1_000 < max(_values(schema, schemas) for schema in bodies) < MOST_VALUES
    members = [_members(schema) for schema in schemas.values()]
    assert 20 < max(members) < MOST_MEMBERS
    lengths = set(_lengths(bodies)) | set(_lengths(list(schemas.values())))
    assert 1_000 < 3 * max(lengths) <= LONGEST_TEXT


def _lengths(schema: Any) -> Iterator[int]:
    """The bounds of all texts in it."""
    if isinstance(schema, dict):
        yield from (schema[key] for key in ("maxLength",) if isinstance(schema.get(key), int))
    if isinstance(schema, dict | list):
        for each in schema.values() if isinstance(schema, dict) else schema:
            yield from _lengths(each)


def _values(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> float:
    """The most values that it takes."""
    if "$ref" in schema:
        return _values(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    choices = [each for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, ())]
    items, others = schema.get("items", {}), schema.get("additionalProperties")
    members = sum(_values(each, schemas) for each in schema.get("properties", {}).values())
    if isinstance(others, dict):
        members += schema.get("maxProperties", float("inf")) * _values(others, schemas)
    listed = schema.get("maxItems", float("inf")) if schema.get("type") == "array" else 0
    return max(
        1 + members,
        1 + listed * (_values(items, schemas) if listed else 0),
        *(_values(each, schemas) for each in choices),
        1,
    )


def _members(schema: Mapping[str, Any]) -> int:
    return max(len(schema.get("properties", {})), int(schema.get("maxProperties", 0)))
