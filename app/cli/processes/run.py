"""`tsunagu run`: PostgreSQL, API and worker together, until it is asked to stop."""

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
from app.adapters.outage import OperatorError
from app.adapters.setup import prepare
from app.cli.database.where import administrator_url
from app.cli.processes.listening import api_children, listen, patience
from app.cli.processes.supervise import Child, running, stop_on_signal, supervise
from app.cli.processes.welcome import welcome
from app.cli.story.clients_file import remember
from app.cli.story.demo_clients import DemoClient, demo_clients
from app.settings import Settings

LONGEST_START = 60.0
"""Seconds until the API must answer."""
MOST_EXITS = 3
"""How often the API may exit before it has answered once."""


@dataclass(frozen=True)
class Database:
    """The owner's login, the environment with the other logins, and how to restart PostgreSQL."""

    owner: str
    environment: dict[str, str]
    revive: Callable[[], object]
    embedded: bool


class DoesNotAnswer(OperatorError):
    """The API was started but does not answer."""


WithParent = Annotated[
    bool,
    typer.Option("--until-parent-ends", help="始めたプロセスが終われば止まる / stop when it ends"),
]


def run(until_parent_ends: WithParent = False) -> None:
    """PostgreSQL、名簿、API、ワーカーを一度に / Start everything at once; Ctrl-C stops it all."""
    if until_parent_ends:
        end_with_parent()
    logging.basicConfig(level="INFO", format="%(levelname)s %(message)s")
    configured = Settings()
    # Another `tsunagu run` that is just stopping may still hold the port and the folder.
    with stop_on_signal(), listen(configured, wait=patience(configured)) as listening:
        settings = configured.model_copy(update={"port": listening.getsockname()[1]})
        with _open_database(settings) as database:
            prepare(database.owner, settings.clock_offset(), administrator_url(settings))
            now = settings.running_clock()()
            clients = (
                demo_clients(database.owner, settings.data_dir, now) if database.embedded else ()
            )
            if clients:
                remember(settings)
            _keep_running(settings, listening, database, clients)


@contextmanager
def _open_database(settings: Settings) -> Iterator[Database]:
    if settings.owner_url is not None:
        yield Database(settings.owner_url, {}, lambda: None, embedded=False)
        return
    with EmbeddedPostgres(settings.data_dir, patience(settings)) as server:
        urls = server.urls
        logins = {
            "TSUNAGU_API_DATABASE_URL": urls.api,
            "TSUNAGU_WORKER_DATABASE_URL": urls.worker,
        }
        yield Database(urls.owner, logins, server.revive, embedded=True)


def _keep_running(
    settings: Settings, listening: socket, database: Database, clients: Sequence[DemoClient]
) -> None:
    environment = {**database.environment, **_shared_environment(settings)}
    apis = api_children(settings, listening, environment)
    children = [Child("worker", ("worker",), environment), *apis]
    with running(children, patience(settings)):
        _wait_for_answer(settings, apis)
        welcome(settings, clients)
        supervise(children, database.revive)


def _shared_environment(settings: Settings) -> dict[str, str]:
    """The environment that all processes share: the port in use, and one clock."""
    offset = TypeAdapter(timedelta).dump_python(settings.clock_offset(), mode="json")
    return {"TSUNAGU_PORT": str(settings.port), "TSUNAGU_CLOCK": offset}


def _wait_for_answer(settings: Settings, apis: Sequence[Child]) -> None:
    deadline = time.monotonic() + LONGEST_START
    while not _answers(settings.url):
        for child in apis:
            child.check()
        if time.monotonic() > deadline or any(child.exits >= MOST_EXITS for child in apis):
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
