"""`tsunagu log verify`: recompute the log's tree and compare it with the signed checkpoints."""

import asyncio
import sys
from typing import Annotated

import typer

from app.adapters.database.connection import connect
from app.adapters.keys.checkpoint_keys import existing_checkpoint_keys
from app.adapters.log.audit import CHUNK, Audit, AuditResult, LogMismatch, publics
from app.cli.database.where import owner_url
from app.cli.keys.session import key_folder
from app.domain.log.signed_note import NotANote, VerifierKey
from app.settings import Settings

log = typer.Typer(no_args_is_help=True, help="記録を確かめる / the log")

Also = Annotated[
    list[str] | None,
    typer.Option("--key", help="もう手元にない鍵(繰り返し可) / key that is no longer here"),
]
PROGRESS_EVERY = 20 * CHUNK
"""Leaves."""


@log.callback()
def _group() -> None:
    """Keep `verify` a command of its own, however few there are."""


@log.command("verify")
def verify(also: Also = None) -> None:
    """記録から木を計算し直し、全てのチェックポイントと比べる / Recompute the log's tree.

    違いがあれば、最初に違う葉の番号を示し、終了コード1 / It is compared with every checkpoint that
    was signed; the first leaf that differs is named, with exit code 1.
    """
    settings = Settings()
    own_keys = existing_checkpoint_keys(key_folder(settings), settings.log_name).public_keys()
    keys = publics([*own_keys, *(_parse_key(each) for each in also or [])])
    with owner_url(settings) as url:
        try:
            result = asyncio.run(_audit(url, keys))
        except LogMismatch as error:
            sys.exit(f"{error}")
    typer.echo(
        f"{result.leaves} leaves, {result.checkpoints} checkpoints: all as they were signed."
    )


def _parse_key(text: str) -> VerifierKey:
    try:
        return VerifierKey.parse(text)
    except NotANote:
        raise typer.BadParameter("not a verifier key (name+id+base64)") from None


async def _audit(url: str, keys: list[bytes]) -> AuditResult:
    async with connect(url) as connection:
        return await Audit(connection, keys).run(_print_progress)


def _print_progress(leaves: int) -> None:
    if leaves and leaves % PROGRESS_EVERY == 0:
        typer.echo(f"{leaves} leaves …", err=True)
