"""What the key commands share: the key folder, the database if one is running, and the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from app.adapters.database.connection import connect
from app.adapters.embedded_postgres.server import running_urls
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import WRITE_LOG, entries_json
from app.settings import JAPAN, Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Connection

RELOADED_WITHIN = timedelta(seconds=3)
"""Within which every running process has read the key folder again."""

AtOnce = Annotated[
    bool, typer.Option("--at-once", help="待たずに使い始める / without reaching all first")
]


def key_folder(settings: Settings) -> KeyFolder:
    """The keys in the data folder. If there are none yet, they are made."""
    folder = KeyFolder(settings.data_dir / "keys")
    folder.prepare(settings.running_clock()(), masters=settings.key_service is None)
    folder.prepare_log(settings.running_clock()())
    return folder


@asynccontextmanager
async def running_database(settings: Settings) -> "AsyncIterator[Connection | None]":
    """A connection to the database, or None if none is running.

    Raises:
        DatabaseUnavailable: one is configured, and cannot be opened.
    """
    running = running_urls(settings.data_dir)
    url = settings.owner_url or (running.owner if running else None)
    if url is None:
        yield None
        return
    async with connect(url) as connection:
        yield connection


def write_log_entry(settings: Settings, act: str, detail: dict[str, Any]) -> None:
    """Record in the log what was done with a key. Without a database only a note is printed."""
    at = settings.running_clock()()

    async def write() -> None:
        async with running_database(settings) as database:
            if database is None:
                print("No database is running: this is not in the log.")
                return
            await database.execute(
                WRITE_LOG, at, entries_json([administration_entry(at, act, [], detail)])
            )

    asyncio.run(write())


def format_time(at: datetime | None) -> str:
    """A time as it is printed, in Japan's zone; `-` for none."""
    return at.astimezone(JAPAN).isoformat(timespec="seconds") if at else "-"


def refuse(why: str) -> NoReturn:
    """Print why the command is refused, and exit with code 1.

    Raises:
        typer.Exit: always.
    """
    typer.echo(why, err=True)
    raise typer.Exit(1)
