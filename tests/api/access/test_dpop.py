"""Tokens that are bound to a key (RFC 9449), over HTTP."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from httpx import AsyncClient, Response

from app.adapters.access.clients import StoredClients
from app.adapters.access.stopped_tokens import StoppedTokens
from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.adapters.database.shares import Key
from app.api.wire.gate import STRANGERS
from app.api.wire.rates import Rate, Rates
from app.auth.dpop import PROOF_LIFE
from tests.auth.test_dpop import part, proof
from tests.support.service import Running, Service

ISSUER = "https://tsunagu.test"
DOCS = Path(__file__).parents[3] / "docs"
AGENCY, ROLE = "center-13", "viewer"
CLIENT = f"{AGENCY}.{ROLE}-system"


class Holder:
    """A client that holds a key, with which it proves each of its calls."""

    def __init__(self, service: Service, http: AsyncClient) -> None:
        self._service = service
        self._http = http
        self.key = ec.generate_private_key(ec.SECP256R1())

    def proof(self, method: str, path: str, token: str | None = None, **changed: Any) -> str:
        ath = part(hashlib.sha256(token.encode()).digest()) if token else None
        claims = {
            "jti": str(uuid4()),
            "htm": method,
            "htu": f"{ISSUER}{path}",
            "iat": int(self._service.clock().timestamp()),
            "ath": ath,
            **changed,
        }
        return proof(self.key, **claims)

    async def ask(self, **headers: str) -> Response:
        return await self._http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT, self._service.secrets[CLIENT]),
            headers=headers,
        )

    async def token(self) -> str:
        answer = await self.ask(DPoP=self.proof("POST", "/oauth/token"))
        assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
        token: str = answer.json()["access_token"]
        return token

    async def call(self, token: str, proven: str | None, path: str = "/v1/inbox") -> Response:
        headers = {"Authorization": f"DPoP {token}"} | ({"DPoP": proven} if proven else {})
        return await self._http.get(path, headers=headers)


@pytest.fixture
async def holder(service: Service, stranger: AsyncClient) -> Holder:
    await service.token(AGENCY, ROLE)  # sees that there is such a client
    return Holder(service, stranger)


def is_challenge(answer: Response, error: str) -> bool:
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'DPoP realm="tsunagu", error="{error}", algs="ES256"'
    )
    return True


async def test_a_bound_token_works_with_a_proof_for_each_call(holder: Holder) -> None:
    token = await holder.token()
    for path in ("/v1/inbox", "/v1/inbox?limit=3", "/v1/me"):
        answer = await holder.call(token, holder.proof("GET", path.split("?")[0], token), path)
        assert answer.status_code == 200


async def test_a_bound_token_is_worth_nothing_without_its_key(
    holder: Holder, service: Service, stranger: AsyncClient
) -> None:
    token, other = await holder.token(), Holder(service, stranger)
    bearer = await stranger.get("/v1/inbox", headers={"Authorization": f"Bearer {token}"})
    assert bearer.status_code == 401
    assert 'error="invalid_token", DPoP algs="ES256"' in bearer.headers["WWW-Authenticate"]
    assert is_challenge(await holder.call(token, None), "invalid_dpop_proof")
    stolen = await holder.call(token, other.proof("GET", "/v1/inbox", token))
    assert is_challenge(stolen, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "POST"},
        {"htu": f"{ISSUER}/v1/me"},
        {"htu": "https://evil.test/v1/inbox"},
        {"ath": part(hashlib.sha256(b"another token").digest())},
        {"iat": 0},
        {"iat": 9_999_999_999},
        {"more": "x" * 7_000},
    ],
    ids=str,
)
async def test_a_proof_that_is_not_for_this_call_is_refused(
    holder: Holder, changed: dict[str, Any]
) -> None:
    token = await holder.token()
    dpop_proof = holder.proof("GET", "/v1/inbox", token, **changed)
    assert is_challenge(await holder.call(token, dpop_proof), "invalid_dpop_proof")


async def test_of_many_calls_with_one_proof_one_is_answered(holder: Holder) -> None:
    token = await holder.token()
    dpop_proof = holder.proof("GET", "/v1/inbox", token)
    answers = await asyncio.gather(*(holder.call(token, dpop_proof) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


async def test_a_call_over_its_quota_writes_no_proof_and_a_replay_tells_no_quota(
    holder: Holder, service: Service
) -> None:
    token = await holder.token()
    real = service.dependency(Rates)
    service.app.state.dependencies.override(Rates, Rates(Rate(of_a_client=3)))
    try:
        proofs = [holder.proof("GET", "/v1/me", token) for _ in range(2)]
        answers = [await holder.call(token, each, "/v1/me") for each in (*proofs, proofs[0])]
        assert [answer.status_code for answer in answers] == [200, 200, 401]
        assert ["RateLimit" in answer.headers for answer in answers] == [True, True, False]
        seen = await _proofs_written(service)
        over = await holder.call(token, holder.proof("GET", "/v1/me", token), "/v1/me")
        assert over.status_code == 429
        assert await _proofs_written(service) == seen
    finally:
        service.app.state.dependencies.override(Rates, real)


async def test_proofs_are_written_in_the_share_of_their_client_not_of_strangers(
    holder: Holder, service: Service
) -> None:
    token = await holder.token()
    shares = service.dependency(StoredClients)._pool.shares  # type: ignore[attr-defined]
    of_strangers: list[Key] = []
    await shares.enter_each(of_strangers, [(("agency", STRANGERS), 1)])
    shares._turns["agency", STRANGERS] = shares.size
    try:
        answer = await holder.call(token, holder.proof("GET", "/v1/me", token), "/v1/me")
        assert answer.status_code == 200
    finally:
        shares._turns["agency", STRANGERS] = 1
        shares.leave(of_strangers)


async def _proofs_written(service: Service) -> int:
    async with connect(service.urls.owner) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM assertion_seen"))


async def test_two_proofs_in_one_call_are_none(holder: Holder, stranger: AsyncClient) -> None:
    token = await holder.token()
    proofs = [("DPoP", holder.proof("GET", "/v1/inbox", token)) for _ in range(2)]
    answer = await stranger.get("/v1/inbox", headers=[("Authorization", f"DPoP {token}"), *proofs])
    assert is_challenge(answer, "invalid_dpop_proof")


async def test_a_token_without_a_key_is_not_made_better_by_a_proof(
    holder: Holder, service: Service
) -> None:
    token = await service.token(AGENCY, ROLE)
    answer = await holder.call(token, holder.proof("GET", "/v1/inbox", token))
    assert is_challenge(answer, "invalid_token")


async def test_the_token_endpoint_refuses_a_proof_that_is_not_for_it(holder: Holder) -> None:
    used = holder.proof("POST", "/oauth/token")
    assert (await holder.ask(DPoP=used)).status_code == 200
    for dpop_proof in (
        used,
        holder.proof("GET", "/oauth/token"),
        holder.proof("POST", "/oauth/revoke"),
        holder.proof("POST", "/oauth/token", iat=0),
        "nonsense",
        "",
    ):
        answer = await holder.ask(DPoP=dpop_proof)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


async def test_a_client_that_has_to_bind_its_tokens_gets_no_other(
    holder: Holder, service: Service
) -> None:
    free = await service.token(AGENCY, ROLE)

    async def require(required: bool) -> None:
        async with connect(service.urls.owner) as connection:
            await Administration(connection).require_dpop(CLIENT, required)

    await require(True)
    try:
        answer = await holder.ask()
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
        token = await holder.token()
        await service.dependency(StoppedTokens).refresh()
        async with service.client(free) as client:
            assert (await client.get("/v1/inbox")).status_code == 401
        proven = holder.proof("GET", "/v1/inbox", token)
        assert (await holder.call(token, proven)).status_code == 200
    finally:
        await require(False)


async def test_a_long_poll_needs_its_proof_once(holder: Holder) -> None:
    token = await holder.token()
    head = (
        await holder.call(token, holder.proof("GET", "/v1/inbox/status", token), "/v1/inbox/status")
    ).json()["head"]
    path = f"/v1/inbox?after={head}&wait=0.05"
    assert (await holder.call(token, holder.proof("GET", "/v1/inbox", token), path)).is_success


async def test_a_proof_is_too_old_after_a_minute(holder: Holder, service: Service) -> None:
    token = await holder.token()
    dpop_proof = holder.proof("GET", "/v1/inbox", token)
    service.clock.ahead += PROOF_LIFE + timedelta(seconds=1)
    try:
        assert is_challenge(await holder.call(token, dpop_proof), "invalid_dpop_proof")
    finally:
        service.clock.ahead -= PROOF_LIFE + timedelta(seconds=1)


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_program_of_the_page_gets_a_bound_token_and_uses_it(
    service: Service, listening: Running, tmp_path: Path, language: str
) -> None:
    await service.token(AGENCY, ROLE)
    page = (DOCS / language / "access.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(# dpop\.py.*?)```", page, re.DOTALL)
    assert match is not None
    program = tmp_path / "dpop.py"
    program.write_text(match[1])
    environment = {"PATH": os.environ["PATH"], "URL": listening.url, "CLIENT": CLIENT}

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, program],
            env=environment | {"SECRET": service.secrets[CLIENT]},
            capture_output=True,
            text=True,
            check=False,
        )

    result = await asyncio.to_thread(run)
    assert result.returncode == 0, result.stderr
    assert f'"client_id":"{CLIENT}"' in result.stdout.replace(" ", "")
