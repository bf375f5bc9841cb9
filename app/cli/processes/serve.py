"""`tsunagu serve`: the API as a process of its own."""

import asyncio
import signal
import socket
import sys
from contextlib import suppress
from threading import Timer
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from app.adapters.inbox.inboxes import Inboxes
from app.adapters.outage import CannotStart
from app.api.contract.contract import Contract
from app.api.service.metrics import Meters
from app.api.wire.dependencies import dependency_if_started, release
from app.cli.contract.served import make_elsewhere
from app.cli.processes.connections import ConnectionLimits, Connections, room_for_connections
from app.cli.processes.http_limits import BoundedConfig
from app.cli.processes.listening import api_children, listen, patience
from app.cli.processes.proxies import NamedProxies
from app.cli.processes.supervise import running, stop_on_signal, supervise
from app.main import create_app
from app.settings import Settings

PREPARE_AFTER = 5.0
"""Seconds after the start of a process when it has its contract made."""
TICKS = 10
"""Ticks of uvicorn's server in a second."""

Descriptor = Annotated[int | None, typer.Option("--fd", hidden=True)]


def serve(fd: Descriptor = None) -> None:
    """API を動かす / Serve the API on TSUNAGU_HOST and TSUNAGU_PORT."""
    settings = Settings()
    if fd is not None:
        serve_on(socket.socket(fileno=fd), settings)
        return
    with listen(settings) as listening:
        if settings.workers == 1:
            serve_on(listening, settings)
            return
        children = api_children(settings, listening)
        with stop_on_signal(), running(children, patience(settings)):
            supervise(children)


class ApiServer(uvicorn.Server):
    """Answers waiting long polls first, so that stopping does not wait for them."""

    def __init__(self, config: BoundedConfig, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._connections = config.bounded_connections

    async def on_tick(self, counter: int) -> bool:
        """Each second, end connections that take too long."""
        if counter % TICKS == 0:
            self._connections.end_overdue(asyncio.get_running_loop().time())
            meters: Meters = self._app.state.meters
            meters.show_connections(len(self._connections))
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the long polls, then stop as usual."""
        release(self._app)
        self._connections.end_lingering()
        await super().shutdown(sockets)


class PlainStartupFailure:
    """Wraps an application so that a startup that fails with `CannotStart` logs one sentence.

    Starlette would send the server the whole traceback, in which the reason is hard to find.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""

        async def send_with_reason(message: Message) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, CannotStart):
                message = {**message, "message": str(error)}
            await send(message)

        await self._app(scope, receive, send_with_reason if scope["type"] == "lifespan" else send)


class _Polls:
    """The long polls of an application that has started, or none before."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def answer_oldest(self, address: str | None) -> bool:
        """Answer the one that has waited longest, if any."""
        inboxes = dependency_if_started(self._app, Inboxes)
        return inboxes is not None and inboxes.waiting.answer_oldest(address)


def api_server(settings: Settings, app: FastAPI) -> ApiServer:
    """The server for `app`, not yet started."""
    proxies = NamedProxies(
        PlainStartupFailure(app), settings.trusted_proxies or "", app.state.unnamed_proxies
    )
    meters: Meters = app.state.meters
    limits = ConnectionLimits(
        room_for_connections(settings.max_connections),
        settings.address_connections,
        unlimited=proxies.include,
    )
    config = BoundedConfig(
        proxies,
        Connections(limits, meters.count_ended_connection, _Polls(app)),
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,  # a path or a query may hold what must not be logged
        server_header=False,
        proxy_headers=False,  # ours are read above
        log_level=settings.log_level,
        timeout_graceful_shutdown=int(settings.shutdown_grace.total_seconds()),
    )
    return ApiServer(config, app)


def serve_on(listening: socket.socket, settings: Settings) -> None:
    """Serve on `listening` in this process until SIGINT or SIGTERM."""
    # uvicorn raises the signal that stopped it once more, which would kill this process.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    app = create_app(settings)
    contract: Contract = app.state.contract
    make_elsewhere(contract)
    # Once this process has started and answers.
    preparing = Timer(PREPARE_AFTER, contract.prepare, (settings.issuer_url,))
    preparing.daemon = True
    preparing.start()
    with suppress(KeyboardInterrupt):
        api_server(settings, app).run(sockets=[listening])
