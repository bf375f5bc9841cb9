"""`tsunagu run`: everything at once, PostgreSQL, API and worker, until told to stop."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from socket import socket
from typing import Annotated

import typer
from pydantic import TypeAdapter

from app.adapters.embedded_postgres.process import end_with_parent
from app.adapters.embedded_postgres.server import EmbeddedPostgres
from app.adapters.setup import prepare
from app.cli.processes.serve import api_children, listen, patience
from app.cli.processes.supervise import Child, running, supervise, until_told_to_stop
from app.cli.processes.welcome import welcome
from app.cli.story.demo_clients import DemoClient, demo_clients
from app.settings import Settings

LONGEST_START = 60.0
"""Seconds until the API must answer."""
HOPELESS = 3
"""How often the API may end before it has answered once."""


@dataclass(frozen=True)
class Database:
    """Where the tables are, how the parts log in, and how to bring it back when it has died."""

    owner: str
    environment: dict[str, str]
    revive: Callable[[], object]
    ours: bool


class DoesNotAnswer(Exception):
    """The API was started and does not answer."""


WithParent = Annotated[
    bool,
    typer.Option("--until-parent-ends", help="始めたプロセスが終われば止まる / stop when it ends"),
]


def run(until_parent_ends: WithParent = False) -> None:
    """PostgreSQL、名簿、API、ワーカーを一度に / Start everything at once; Ctrl-C stops it all."""
    if until_parent_ends:
        end_with_parent()
    logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
    given = Settings()
    # One that was just told to stop may still hold the port and the folder for a moment.
    with until_told_to_stop(), listen(given, wait=patience(given)) as listening:
        settings = given.model_copy(update={"port": listening.getsockname()[1]})
        with _database(settings) as database:
            prepare(database.owner)
            now = settings.running_clock()()
            clients = demo_clients(database.owner, settings.data_dir, now) if database.ours else ()
            _keep_running(settings, listening, database, clients)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    if settings.owner_url is not None:
        yield Database(settings.owner_url, {}, lambda: None, ours=False)
        return
    with EmbeddedPostgres(settings.data_dir, patience(settings)) as embedded:
        urls = embedded.urls
        logins = {
            "TSUNAGU_API_DATABASE_URL": urls.api,
            "TSUNAGU_WORKER_DATABASE_URL": urls.worker,
        }
        yield Database(urls.owner, logins, embedded.revive, ours=True)


def _keep_running(
    settings: Settings, listening: socket, database: Database, clients: Sequence[DemoClient]
) -> None:
    environment = {**database.environment, **_same_for_all(settings)}
    apis = api_children(settings, listening, environment)
    children = [Child("worker", ("worker",), environment), *apis]
    with running(children, patience(settings)):
        _await_answer(settings, apis)
        welcome(settings, clients)
        supervise(children, database.revive)


def _same_for_all(settings: Settings) -> dict[str, str]:
    """What every process has to agree on: the port that was taken, and one clock."""
    offset = TypeAdapter(timedelta).dump_python(settings.clock_offset(), mode="json")
    return {"TSUNAGU_PORT": str(settings.port), "TSUNAGU_CLOCK": offset}


def _await_answer(settings: Settings, apis: Sequence[Child]) -> None:
    deadline = time.monotonic() + LONGEST_START
    while not _answers(settings.url):
        for child in apis:
            child.look()
        if time.monotonic() > deadline or any(child.ends >= HOPELESS for child in apis):
            raise DoesNotAnswer("The API does not come up; what it said stands above.")


def _answers(url: str) -> bool:
    host, _, port = url.removeprefix("http://").rpartition(":")
    connection = HTTPConnection(host.strip("[]"), int(port), timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
