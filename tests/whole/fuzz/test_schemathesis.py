"""Schemathesis with the token of every role: what the contract says is what comes back.

No 5xx, no status, header or shape that the contract does not have, and no answer for whoever leaves
the token away. TSUNAGU_FUZZ_EXAMPLES: calls for each operation and role. TSUNAGU_FUZZ_SEED: others.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NewDatabase
from tests.support.service import Running, serve_in_thread
from tests.whole.matrix.agreed import ROLES
from tests.whole.matrix.conftest import US, Folders, World, create_world
from tests.whole.matrix.tokens import caller

EXAMPLES = os.environ.get("TSUNAGU_FUZZ_EXAMPLES", "5")
SEED = os.environ.get("TSUNAGU_FUZZ_SEED", "20261123")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "unsupported_method",
    "allow_header_conformance",
)
LARGEST = ("open_referral", "send_message")
"""Their bodies have every message type: every border of every field is 20,000 calls."""
PHASES = {
    "coverage": ["--phases=coverage", *(f"--exclude-operation-id={name}" for name in LARGEST)],
    "fuzzing": ["--phases=fuzzing", f"--max-examples={EXAMPLES}"],
}
COVERED = ("decider", "records_officer")
"""The roles between them have every scope of an agency: for these, every border of every field."""


@pytest.fixture(scope="module")
async def world(new_database: NewDatabase, tmp_path_factory: Folders) -> AsyncIterator[World]:
    """A world of our own, in which anything may happen."""
    async with create_world(new_database(), tmp_path_factory) as world:
        yield world


@pytest.fixture(scope="module")
async def running(world: World) -> AsyncIterator[Running]:
    """The world behind a real server. A bundle waits for what it holds to be sealed."""
    async with world.sealing():
        with serve_in_thread(world.settings, world.clock) as server:
            yield server


def contract(world: World) -> str:
    """The contract with the scheme `http bearer` for our `oauth2`, of which Schemathesis does not
    know that it is the same header: it would not look whether a call without it is refused."""
    document: dict[str, Any] = json.loads(json.dumps(world.app.openapi()))
    document["components"]["securitySchemes"]["tsunagu"] = {"type": "http", "scheme": "bearer"}
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["security"] = [
                {name: [] for name in scheme} for scheme in operation["security"]
            ]
    return json.dumps(document)


def known_ids(world: World) -> str:
    """The part of Schemathesis's settings by which half of the ids are those of something."""
    ours = world.ours
    ids = {
        "referral_id": [ours.referral],
        "message_id": [ours.request, ours.accepted, ours.interview],
        "disclosure_id": [ours.disclosure],
        "webhook_id": [ours.webhook],
        "agency_id": [US],
        "flow": ["special_adjustment"],
        "event": ["accept"],
        "code": ["not_found"],
    }
    values = [f"[dictionaries.{n}]\nvalues = {json.dumps(v)}" for n, v in ids.items()]
    bound = [f'{n} = {{ dictionary = "{n}", probability = 0.5 }}' for n in ids]
    return "\n".join([*values, "[parameters]", *bound])


async def schemathesis(running: Running, token: str, folder: Path, options: list[str]) -> str:
    """What `st run` says when it is done, which it must be without having found anything."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("st"), "--config-file=settings.toml", "run",
        "contract.json", f"--url={running.url}", f"--header=Authorization: Bearer {token}",
        f"--checks={','.join(CHECKS)}", f"--seed={SEED}", "--generation-database=none",
        "--no-color", "--no-shrink", "--continue-on-failure", "--warnings=off", *options,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.parametrize(
    ("role", "phase"),
    [*((role, "fuzzing") for role in ROLES), *((role, "coverage") for role in COVERED)],
)
async def test_the_service_keeps_its_contract_whoever_asks_and_whatever(
    role: str, phase: str, world: World, running: Running, tmp_path: Path
) -> None:
    (tmp_path / "contract.json").write_text(contract(world))
    (tmp_path / "settings.toml").write_text(known_ids(world))
    token = world.mints.good(caller(US, role))
    output = await schemathesis(running, token, tmp_path, PHASES[phase])
    generated = re.search(r"(\d+) generated", output)
    assert generated is not None, output
    assert int(generated[1]) > len(CHECKS)
