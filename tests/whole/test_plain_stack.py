"""The plain stack that the bench compares with really does the job."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from jose import jwk, jws
from jose.backends.base import Key

from app.adapters.keys.folder import KeyFolder
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenIssuer, TokenTerms
from app.domain.flows import BODIES
from bench.place import Api, Login, caller, free_port
from bench.plain.sealing import open_sealed
from bench.plain_stack import environment, register
from bench.wire import OPENING
from tests.conftest import NewDatabase

ISSUER = "https://plain.invalid"
SENDER, OTHER, OFFICE = "prison-fuchu", "prison-osaka", "probation-13"
WRITTEN = {
    "case": 1, "referral": 1, "party": 2, "referralkey": 6, "message": 1, "segment": 6, "copy": 2,
    "inboxitem": 1, "deadline": 2, "logentry": 1,
}  # fmt: skip
"""Rows of one message. There are as many of ours, but for what only the service does."""
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
ITEMS = "SELECT array_agg(position ORDER BY position) FROM inboxitem WHERE agency_id = $1"
HEAD = "SELECT head FROM mailbox WHERE agency_id = $1"


@dataclass(frozen=True)
class Plain:
    """The running plain stack."""

    api: Api
    owner: str
    tokens: TokenIssuer
    verifying: Key
    master_key: bytes

    def submit(self, message: dict[str, Any], sender: str = SENDER) -> httpx.Response:
        token = self.tokens.issue(caller(sender), datetime.now(UTC)).token
        return self.submit_with(token, message)

    def submit_with(self, token: str, message: dict[str, Any]) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{self.api.port}/v1/referrals",
            json=message,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )


def opening() -> dict[str, Any]:
    body = dict(BODIES[OPENING].EXAMPLE)
    return {"id": str(uuid4()), "occurred_on": "2026-11-20", "body": body}


def issuer_of(folder: Path) -> tuple[TokenIssuer, bytes]:
    keys = KeyFolder(folder)
    keys.prepare(datetime.now(UTC))
    (key,) = keys.signing()
    terms = TokenTerms(ISSUER, ISSUER, timedelta(minutes=10))
    return TokenIssuer(SigningKeys(keys), terms), key.pem


@pytest.fixture(scope="module")
def plain(empty_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    owner = empty_database().owner
    tokens, pem = issuer_of(tmp_path_factory.mktemp("keys"))
    port = free_port()
    settings = {**environment(owner, pem, ISSUER), "PLAIN_PORT": str(port)}
    command = [sys.executable, "-m", "bench.plain"]
    with subprocess.Popen(command, env={**os.environ, **settings}) as process:
        try:
            api = Api("the plain stack", port, process)
            api.wait()
            with Login(owner) as login:
                register(login, [(SENDER, OFFICE), (OTHER, OFFICE)])
            master = bytes.fromhex(settings["PLAIN_MASTER_KEY"])
            verifying = jwk.construct(pem, "ES256").public_key()
            yield Plain(api, owner, tokens, verifying, master)
        finally:
            process.terminate()


def counts(login: Login) -> dict[str, int]:
    return {table: len(login.column(f'TABLE "{table}"')) for table in WRITTEN}


def test_a_submit_writes_a_row_for_everything_that_follows_from_it(plain: Plain) -> None:
    with Login(plain.owner) as login:
        before = counts(login)
        answer = plain.submit(opening())
        assert answer.status_code == 201
        assert {table: n - before[table] for table, n in counts(login).items()} == WRITTEN
        assert login.value(HEAD, OFFICE) == login.value(ITEMS, OFFICE)[-1]


def test_segments_are_sealed_by_keys_that_the_master_key_wraps(plain: Plain) -> None:
    message = opening()
    assert plain.submit(message).status_code == 201
    message_id = UUID(message["id"])
    opened: dict[str, Any] = {}
    with Login(plain.owner) as login:
        for data_class in ("C0", "C1", "C2", "C3", "C4", "C5"):
            bound_to = message_id.bytes + data_class.encode()
            of_class = message_id, data_class
            wrapped = login.value(
                "SELECT wrapped FROM referralkey WHERE (referral_id, data_class) = ($1, $2)",
                *of_class,
            )
            sealed = login.value(
                "SELECT sealed FROM segment WHERE (message_id, data_class) = ($1, $2)", *of_class
            )
            key = open_sealed(plain.master_key, wrapped, bound_to)
            opened |= json.loads(open_sealed(key, sealed, bound_to))
            with pytest.raises(InvalidTag):
                open_sealed(plain.master_key, wrapped, uuid4().bytes + data_class.encode())
    del opened["salt"]
    assert opened.keys() == message["body"].keys()
    assert opened["subject"] == message["body"]["subject"]


def test_the_receipt_is_signed_and_names_the_message(plain: Plain) -> None:
    message = opening()
    answer = plain.submit(message).json()
    claims = json.loads(jws.verify(answer["receipt"], plain.verifying, "ES256"))
    assert claims["message_id"] == message["id"]
    assert claims["digest"] == answer["digest"]
    assert claims["agency_id"] == SENDER


def test_a_repeat_gets_the_first_answer_and_another_message_with_its_id_none(plain: Plain) -> None:
    message = opening()
    first = plain.submit(message)
    with Login(plain.owner) as login:
        before = counts(login)
        repeat = plain.submit(message)
        assert (first.status_code, repeat.status_code) == (201, 200)
        assert repeat.json() == first.json()
        assert plain.submit({**message, "occurred_on": "2026-11-19"}).status_code == 409
        assert plain.submit(message, OTHER).status_code == 409
        assert counts(login) == before


def test_messages_at_once_get_positions_without_a_gap(plain: Plain) -> None:
    """All of them wait for the mailbox before any gets its position; one is sent twice at once."""
    messages = [opening() for _ in range(3)]
    messages.append(messages[0])
    senders = (SENDER, OTHER, OTHER, SENDER)
    with Login(plain.owner) as holder, Login(plain.owner) as login:
        before = login.value(HEAD, OFFICE)
        holder.execute("BEGIN")
        holder.execute("SELECT FROM mailbox WHERE agency_id = $1 FOR UPDATE", OFFICE)
        with ThreadPoolExecutor() as at_once:
            answers = at_once.map(plain.submit, messages, senders)
            wait_for(login, len(messages))
            holder.execute("COMMIT")
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200, 201, 201, 201]
        assert login.value(HEAD, OFFICE) == before + 3
        assert login.value(ITEMS, OFFICE) == list(range(1, before + 4))


def wait_for(login: Login, waiting: int) -> None:
    deadline = time.monotonic() + 60
    while login.value(WAITING) < waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_may_not_send_is_refused_and_nothing_is_written(plain: Plain, tmp_path: Path) -> None:
    stranger, _ = issuer_of(tmp_path)
    now = datetime.now(UTC)
    with Login(plain.owner) as login:
        before = counts(login)
        forged = stranger.issue(caller(SENDER), now).token
        expired = plain.tokens.issue(caller(SENDER), now - timedelta(hours=1)).token
        for token in (forged, expired):
            assert plain.submit_with(token, opening()).status_code == 401
        assert plain.submit(opening(), OFFICE).status_code == 403
        unknown = {**opening(), "unknown": 1}
        assert plain.submit(unknown).status_code == 422
        assert counts(login) == before
