"""The program of the page on access that gets a token with an assertion (private_key_jwt)."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.adapters.administration.by_owner import Administration
from app.adapters.database.connection import connect
from app.auth.jwt import signing_key
from app.domain.administration.seats import Client
from tests.support.service import Running, Service

DOCS = Path(__file__).parents[3] / "docs"
AGENCY = "center-13"


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_program_of_the_page_gets_a_token_with_an_assertion(
    service: Service, listening: Running, tmp_path: Path, language: str
) -> None:
    await service.token(AGENCY, "viewer")  # its seat is there
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    client = f"{AGENCY}.key-{uuid4().hex[:8]}"
    jwk = signing_key(pem).verifying.jwk()
    async with connect(service.urls.owner) as connection:
        new = Client(client, AGENCY, "試験用", (f"{AGENCY}.viewer",), public_jwk=jwk)
        await Administration(connection).add_client(new, service.clock())
    page = (DOCS / language / "access.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(# assertion\.py.*?)```", page, re.DOTALL)
    assert match is not None
    (tmp_path / "assertion.py").write_text(match[1])
    (tmp_path / "key.pem").write_bytes(pem)
    environment = {"PATH": os.environ["PATH"], "URL": listening.url, "CLIENT": client}

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, tmp_path / "assertion.py"],
            env=environment | {"KEY": str(tmp_path / "key.pem")},
            capture_output=True,
            text=True,
            check=False,
        )

    result = await asyncio.to_thread(run)
    assert result.returncode == 0, result.stderr
    async with service.client(result.stdout.strip()) as http:
        assert (await http.get("/v1/me")).json()["client_id"] == client
