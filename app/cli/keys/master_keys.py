"""`tsunagu keys rotate-master | rewrap | seal-facts | retire-master | serve`: master keys."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.adapters.database.connection import connect
from app.adapters.keys.choice import key_service
from app.adapters.keys.folder import KeyFolder, MasterWaits
from app.adapters.keys.master_keys import MasterKeyStatus, master_key_statuses
from app.adapters.keys.over_socket import serving
from app.adapters.keys.rewrapping import Rewrapping
from app.adapters.keys.vault import Vault
from app.adapters.log.administration_entry import administration_entry
from app.adapters.log.entry import WRITE_LOG, entries_json
from app.adapters.referrals.fact_sealing import FactSealing
from app.cli.database.where import owner_url
from app.cli.keys.session import (
    RELOADED_WITHIN,
    AtOnce,
    format_time,
    key_folder,
    refuse,
    running_database,
    write_log_entry,
)
from app.domain.keys.ports import KeyService, MasterUse
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Connection

_MEANING = {
    MasterUse.NEXT: "next: every process has to have it by the time it wraps",
    MasterUse.ACTIVE: "active: wraps",
    MasterUse.RETIRING: "retiring: {rest}",
    MasterUse.RETIRABLE: "retirable: `tsunagu keys retire-master {version}`",
}

Version = Annotated[int, typer.Argument(metavar="N", help="版 / version, as `keys list` has it")]


def rotate_master(
    after: Annotated[
        int,
        typer.Option(min=0, help="使い始めるまでの分 / minutes until it wraps, to reach them all"),
    ] = 10,
    at_once: AtOnce = False,
) -> None:
    """マスター鍵を新しくする / Make a new master key. What lies under the old one is rewrapped.

    No process has to be restarted: each notices the key, and uses it when its time has come. Copy
    the key folder to every other machine, and to its backup, before then.
    """
    settings = Settings()
    _refuse_with_key_service(settings)
    folder, now = key_folder(settings), settings.running_clock()()
    delay = timedelta(minutes=0 if at_once else after)
    try:
        new_key = folder.add_master(now, now + max(delay, RELOADED_WITHIN))
    except MasterWaits as waits:
        refuse(f"The next master key is there and wraps from {format_time(waits.wraps_from)}.")
    print(f"Master key {new_key.version} wraps from {format_time(new_key.wraps_from)}.")
    print("Until then: copy the key folder to every machine of the service and to its backup.")
    print("The worker then puts what lies under old ones under it; so does `tsunagu keys rewrap`.")
    write_log_entry(settings, "master_key.added", {"master": new_key.version})


def rewrap() -> None:
    """古いマスター鍵の下のものを移す / Put what lies under old master keys under the active one.

    The worker does the same by itself. Submits and reads go on; it may be broken off at any time.
    """

    settings = Settings()

    async def work(database: "Connection", keys: KeyService) -> None:
        before = sum(s.rows or 0 for s in await master_key_statuses(keys, database) if s.is_old)
        rewrapping = Rewrapping(database, keys, settings.running_clock())
        while await rewrapping.step():
            print(f"{rewrapping.moved} of {before} rows", flush=True)
        if left := await rewrapping.due():
            refuse(f"Some rows are still under master keys {left}: they are held, or are broken.")
        print("Nothing is under an old master key.")

    _run_work(settings, work)


def seal_facts() -> None:
    """平文の事実を封じる / Seal the facts of referrals that are still in clear.

    The worker does the same by itself. Submits and reads go on; it may be broken off at any time.
    """

    async def work(database: "Connection", keys: KeyService) -> None:
        sealing, sealed = FactSealing(database, Vault(keys)), 0
        while count := await sealing.seal():
            sealed += count
            print(f"{sealed} referrals", flush=True)
        if left := await sealing.left():
            refuse(f"Facts of {left} referrals are still in clear: they are in use. Run it again.")
        print("No fact of C1 to C8 is in clear.")

    _run_work(Settings(), work)


def retire_master(version: Version) -> None:
    """使われなくなったマスター鍵を消す / Remove a master key that nothing needs any more.

    Refused while something lies under it, or a backup of the database may hold what did.
    """
    settings = Settings()
    at = settings.running_clock()()

    async def work(database: "Connection", keys: KeyService) -> None:
        matching = [
            s for s in await master_key_statuses(keys, database) if s.version == version and s.here
        ]
        if not matching:
            refuse(f"There is no master key {version}.")
        use = matching[0].use(settings.backup_age, at)
        if use is not MasterUse.RETIRABLE:
            refuse(f"Not yet: {_line(matching[0], settings, at)}")
        # Logged before it is removed: otherwise a removed key looks like a lost one.
        entries = [administration_entry(at, "master_key.retired", [], {"master": version})]
        await database.execute(WRITE_LOG, at, entries_json(entries))

    _run_work(settings, work)
    if settings.key_service is None:
        key_folder(settings).remove_master(version)
        print(f"Master key {version} is removed from the key folder.")
    else:
        print(f"Nothing needs master key {version} any more: remove it at the key service.")
    print("Remove it from every other machine, and destroy it in the backups of the key folder:")
    print("while a copy is left, an old backup of the database can be read with it.")


def serve_keys(
    socket: Annotated[Path, typer.Option(help="口のパス / path of the socket to make")],
) -> None:
    """マスター鍵を別のプロセスで預かる / Keep the master keys here; others ask by the socket.

    Run it as a user of its own; API and worker get TSUNAGU_KEY_SERVICE=unix:<socket>.
    """
    settings = Settings()
    _refuse_with_key_service(settings)
    folder = KeyFolder(settings.data_dir / "keys")
    folder.prepare(settings.running_clock()(), signing=False)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        async with serving(key_service(None, folder, settings.running_clock()), socket):
            print(f"Answering at {socket}.", flush=True)
            await stop.wait()

    asyncio.run(serve())


async def master_key_lines(settings: Settings, at: datetime) -> list[str]:
    """The status of each master key, a line for each."""
    keys = key_service(settings.key_service, key_folder(settings), settings.running_clock())
    async with aclosing(keys), running_database(settings) as database:
        return [
            _line(standing, settings, at) for standing in await master_key_statuses(keys, database)
        ]


def _line(standing: MasterKeyStatus, settings: Settings, at: datetime) -> str:
    since = standing.wraps_from
    age = f"wraps from {format_time(since)}" if since else "the first"
    rows = "? rows" if standing.rows is None else f"{standing.rows} rows"
    meaning = "MISSING: what is under it cannot be opened"
    if standing.here:
        use = standing.use(settings.backup_age, at)
        rest = _pending_reason(standing, settings)
        meaning = _MEANING[use].format(version=standing.version, rest=rest)
    return f"master   {standing.version}  {age}  {rows}  {meaning}"


def _pending_reason(standing: MasterKeyStatus, settings: Settings) -> str:
    """Why an old master key cannot be retired yet."""
    if standing.rows is None:
        return "the database was not asked"
    if standing.rows:
        return "its rows go to the active one (the worker does it, or `tsunagu keys rewrap`)"
    since = standing.retirable_from(settings.backup_age)
    if since is None:
        return "a worker or `tsunagu keys rewrap` has to find that nothing is under it"
    return f"backups may hold what was under it until {format_time(since)}"


def _refuse_with_key_service(settings: Settings) -> None:
    if settings.key_service is not None:
        refuse("The master keys are kept by a key service: do this where its key folder is.")


def _run_work(
    settings: Settings, work: "Callable[[Connection, KeyService], Coroutine[Any, Any, None]]"
) -> None:
    """Run `work` on the database of the settings, with the master keys."""
    folder = key_folder(settings)

    async def connect_and_work(url: str) -> None:
        keys = key_service(settings.key_service, folder, settings.running_clock())
        async with aclosing(keys), connect(url) as database:
            await work(database, keys)

    with owner_url(settings) as url:
        asyncio.run(connect_and_work(url))
