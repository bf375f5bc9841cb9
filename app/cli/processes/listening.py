"""The socket of the API, and the processes that answer on it."""

import errno
import os
import shutil
import socket
import time

import typer

from app.cli.processes.supervise import Child
from app.settings import Settings

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable in which prometheus-client looks for the folder that several processes share."""
BACKLOG = 2048
"""Connections that may wait to be accepted, also while an API process restarts."""


def listen(settings: Settings, wait: float = 0.0) -> socket.socket:
    """The listening socket, shared by all API processes.

    Args:
        settings: host and port.
        wait: seconds to wait for another process to release the port.

    Raises:
        typer.Exit: the address is in use, or not an address of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = (settings.host, settings.port)
    deadline = time.monotonic() + wait
    while True:
        try:
            return socket.create_server(address, family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                where = f"{settings.host} port {settings.port}"
                typer.echo(
                    f"Cannot listen on {where}: {os.strerror(error.errno or 0)}."
                    " Set TSUNAGU_PORT or TSUNAGU_HOST to another one.",
                    err=True,
                )
                raise typer.Exit(1) from None
        time.sleep(0.1)


def api_children(
    settings: Settings, listening: socket.socket, environment: dict[str, str] | None = None
) -> list[Child]:
    """One API process for each of `settings.workers`, on the one socket."""
    fd = listening.fileno()
    command = ("serve", "--fd", str(fd))
    environment = {**(environment or {}), **_metrics_environment(settings)}
    return [Child("API", command, environment, (fd,)) for _ in range(settings.workers)]


def _metrics_environment(settings: Settings) -> dict[str, str]:
    """The folder in which several processes share their metrics; empty for a single process."""
    if settings.workers == 1:
        return {}
    folder = settings.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)  # the counts of an earlier run
    folder.mkdir(parents=True)
    return {METRICS_FOLDER: str(folder.absolute())}


def patience(settings: Settings) -> float:
    """Seconds after which a process that was asked to stop is killed."""
    return settings.shutdown_grace.total_seconds() + 2
