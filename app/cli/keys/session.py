"""What the commands for keys share: the folder, the database if one runs, and the log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from app.adapters.database.connection import connected
from app.adapters.embedded_postgres.server import running_urls
from app.adapters.keys.folder import KeyFolder
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import WRITE_LOG, entries_json
from app.settings import JAPAN, Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Connection

NOTICED = timedelta(seconds=3)
"""By when every running process has looked at its folder."""

AtOnce = Annotated[
    bool, typer.Option("--at-once", help="待たずに使い始める / without reaching all first")
]


def key_folder(settings: Settings) -> KeyFolder:
    """The keys in the data folder; at the very first start they are made here."""
    folder = KeyFolder(settings.data_dir / "keys")
    folder.prepare(settings.running_clock()(), masters=settings.key_service is None)
    folder.prepare_log(settings.running_clock()())
    return folder


@asynccontextmanager
async def running_database(settings: Settings) -> "AsyncIterator[Connection | None]":
    """The database, if one runs: for what can be told without it too.

    Raises:
        DatabaseUnavailable: one is named, and cannot be opened.
    """
    running = running_urls(settings.data_dir)
    url = settings.owner_url or (running.owner if running else None)
    if url is None:
        yield None
        return
    async with connected(url) as connection:
        yield connection


def told(settings: Settings, act: str, detail: dict[str, Any]) -> None:
    """Write down what was done with a key: it had to be done, database or not."""
    at = settings.running_clock()()

    async def tell() -> None:
        async with running_database(settings) as database:
            if database is None:
                print("No database is running: this is not in the log.")
                return
            await database.execute(
                WRITE_LOG, at, entries_json([administration_entry(at, act, [], detail)])
            )

    asyncio.run(tell())


def day(at: datetime | None) -> str:
    """A moment as it is printed."""
    return at.astimezone(JAPAN).isoformat(timespec="seconds") if at else "-"


def refuse(why: str) -> NoReturn:
    """Say why it is not done, and end.

    Raises:
        typer.Exit: always.
    """
    typer.echo(why, err=True)
    raise typer.Exit(1)
