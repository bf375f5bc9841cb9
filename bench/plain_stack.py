"""Starts the plain stack of `bench/plain/`, and makes the requests that are sent to it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from os import urandom
from uuid import uuid4

from app.adapters.database.logins import OWNER, at_database
from bench import wire
from bench.load import FRESH
from bench.place import ISSUER, Api, Login, Place, caller, free_port

DATABASE = "plain"
BUSY = 16
"""Connections, so that it opens all of its own to PostgreSQL."""
WARM_UP = 1
"""Messages of each sender before it is measured."""
SENDS_TO = "INSERT INTO agency (id, office_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
HAS_MAILBOX = "INSERT INTO mailbox (agency_id, head) VALUES ($1, 0) ON CONFLICT DO NOTHING"


def environment(owner: str, signing_key: bytes, issuer: str) -> Mapping[str, str]:
    """The settings of the plain stack.

    Args:
        owner: the login that makes the tables: `postgresql://…`.
        signing_key: PEM.
    """
    return {
        "PLAIN_DATABASE_URL": owner.replace("postgresql:", "postgresql+asyncpg:", 1),
        "PLAIN_SIGNING_KEY": signing_key.decode(),
        "PLAIN_MASTER_KEY": urandom(32).hex(),
        "PLAIN_ISSUER": issuer,
    }


def register(login: Login, pairs: Sequence[tuple[str, str]]) -> None:
    """Put agencies into the directory of the plain stack: each sender with its office."""
    for sender, office in pairs:
        login.execute(SENDS_TO, office, None)
        login.execute(SENDS_TO, sender, office)
        login.execute(HAS_MAILBOX, office)


def plain_stack(place: Place, pairs: Sequence[tuple[str, str]]) -> Api:
    """Start it in a database of its own, and let it accept some messages, as ours has."""
    place.admin.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    owner = at_database(place.urls.owner, DATABASE)
    (key,) = place.keys.signing()
    port = free_port()
    settings = {**environment(owner, key.pem, ISSUER), "PLAIN_PORT": str(port)}
    api = Api("the plain stack", port, place.start_process(("bench.plain",), settings))
    api.wait()
    register(place.login(owner), pairs)
    with ThreadPoolExecutor(BUSY) as at_once:
        list(at_once.map(partial(_submit, api), WARM_UP * openings(place, pairs)))
    return api


def _submit(api: Api, request: str) -> None:
    wire.answer(api.port, request.replace(FRESH, str(uuid4())))


def openings(place: Place, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Requests that open referrals, one from each sender.

    The plain stack has the system's clock, not that of the bench: tokens are issued now.
    """
    now = datetime.now(UTC)
    return [wire.opening(place.tokens.issue(caller(sender), now).token) for sender, _ in pairs]
