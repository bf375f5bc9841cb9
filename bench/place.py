"""The environment of the bench: its own PostgreSQL, databases and API processes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, field, fields
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import asyncpg

from app.adapters.database.logins import Urls, at_database
from app.adapters.directory.cache import load
from app.adapters.embedded_postgres.process import signal_at_parent_death
from app.adapters.embedded_postgres.server import EmbeddedPostgres
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.keys.vault import Vault
from app.adapters.setup import prepare
from app.auth.scopes import ROLES
from app.auth.signing_keys import SigningKeys
from app.auth.tokens import TokenIssuer, TokenTerms
from app.domain.access.caller import Caller
from app.domain.access.day_limits import DayLimits
from app.domain.calendar.clock import Clock
from app.domain.directory.agencies import Directory
from app.settings import JAPAN, Settings

T = TypeVar("T")

START = datetime(2026, 11, 23, 10, tzinfo=JAPAN)
"""The time at which the clock starts: the days in the examples are then in the past or present."""
ISSUER = "https://tsunagu.invalid"
COUNTED_BY_DAY = [field.name.upper() for field in fields(DayLimits)]
LONGEST_START = 60.0
"""Seconds until a process must answer."""


class Login:
    """One database connection, for code without an event loop."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection = self._runner.run(asyncpg.connect(url, statement_cache_size=0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()

    def execute(self, statement: str, *arguments: object) -> None:
        """Run a statement."""
        self._runner.run(self._connection.execute(statement, *arguments))

    def value(self, query: str, *arguments: object) -> Any:
        """The first column of the first row."""
        return self._runner.run(self._connection.fetchval(query, *arguments))

    def column(self, query: str) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self._runner.run(self._connection.fetch(query))]

    def directory(self) -> Directory:
        """The seeded directory."""
        return self._runner.run(load(self._connection))


@dataclass
class Api:
    """An API process, on a port of its own."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: it does not.
        """
        deadline = time.monotonic() + LONGEST_START
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer")
            time.sleep(0.05)

    def have_contract_made(self) -> None:
        """Have its contract made: a process beside it does that for some seconds of a core."""
        for language in ("ja", "en"):
            connection = HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_START)
            connection.request("GET", f"/openapi.json?lang={language}")
            connection.getresponse().read()
            connection.close()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended; what it said stands above")
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


@dataclass
class Place:
    """The running parts. All of them use `clock`."""

    folder: Path
    embedded: EmbeddedPostgres
    clock: Clock
    offset: timedelta
    closing: ExitStack
    admin: Login
    directory: Directory
    keys: KeyFolder
    tokens: TokenIssuer

    @property
    def urls(self) -> Urls:
        """The logins of the first database."""
        return self.embedded.urls

    @property
    def server(self) -> int:
        """The process id of PostgreSQL."""
        if self.embedded.pid is None:
            raise RuntimeError("PostgreSQL has ended")
        return self.embedded.pid

    def token(self, agency_id: str, role: str = "decider") -> str:
        """A token for a seat of an agency, valid for an hour."""
        return self.tokens.issue(caller(agency_id, role), self.clock()).token

    def vault(self) -> Vault:
        """A vault as an API process has it."""
        return Vault(FolderKeys(self.keys, self.clock))

    def login(self, url: str) -> Login:
        """A database connection that is closed at the end."""
        return self.closing.enter_context(Login(url))

    def another_database(self, name: str) -> Urls:
        """A copy of the first database, to which nobody may be connected yet."""
        owner = urlsplit(self.urls.owner)
        self.admin.execute(
            f'CREATE DATABASE {name} TEMPLATE "{owner.path[1:]}" OWNER "{owner.username}"'
        )
        return Urls(*(at_database(url, name) for url in astuple(self.urls)))

    def api(self, name: str, urls: Urls, module: Sequence[str] = ("app.cli", "serve")) -> Api:
        """Start an API process; `Api.wait` waits until it answers."""
        port = free_port()
        environment = {"TSUNAGU_API_DATABASE_URL": urls.api, "TSUNAGU_PORT": str(port)}
        return Api(name, port, self.start_process(module, environment))

    def start_process(
        self, module: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a Python module as a process that is stopped at the end."""
        common = {
            "TSUNAGU_DATA_DIR": str(self.folder),
            "TSUNAGU_ISSUER": ISSUER,
            "TSUNAGU_CLOCK": f"PT{self.offset.total_seconds():.6f}S".replace("PT-", "-PT"),
            "TSUNAGU_LOG_LEVEL": "warning",
            # Requests are counted as usual, but the limit is never reached.
            "TSUNAGU_RATE_LIMIT": "1000000000",
            **{f"TSUNAGU_{name}_PER_DAY": "1000000000" for name in COUNTED_BY_DAY},
        }
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**os.environ, **common, **environment},
            preexec_fn=signal_at_parent_death(),
        )
        self.closing.callback(_stop_process, process)
        return process


@contextmanager
def place() -> Iterator[Place]:
    """Set everything up in a temporary folder, which is removed at the end."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="tsunagu-bench-")))
        embedded = closing.enter_context(EmbeddedPostgres(folder))
        offset = START - datetime.now(JAPAN)
        prepare(embedded.urls.owner, offset)
        clock = Settings(clock=offset).running_clock()
        keys = KeyFolder(folder / "keys")
        keys.prepare(clock())
        with Login(embedded.urls.owner) as owner:
            directory = owner.directory()
        admin = closing.enter_context(Login(embedded.admin_url))
        terms = TokenTerms(ISSUER, ISSUER, timedelta(hours=1))
        yield Place(
            folder=folder,
            embedded=embedded,
            clock=clock,
            offset=offset,
            closing=closing,
            admin=admin,
            directory=directory,
            keys=keys,
            tokens=TokenIssuer(SigningKeys(keys), terms),
        )


def free_port() -> int:
    """A port that nobody listens on."""
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, run without the cost of an event loop."""
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("it waits for something")


def caller(agency_id: str, role: str = "decider") -> Caller:
    """The caller at a seat that may open every class."""
    scopes = frozenset(ROLES[role])
    return Caller(
        client_id=f"{agency_id}.system",
        agency_id=agency_id,
        seat_id=f"{agency_id}.{role}",
        role=role,
        scopes=scopes,
        classes=frozenset(f"C{n}" for n in range(9)),
        decides="referral:decide" in scopes,
    )


def _stop_process(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
