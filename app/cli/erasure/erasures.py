"""`tsunagu erasures`: list what is due to be erased and what was erased; erase it now."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from app.adapters.database.connection import connect
from app.adapters.database.pool import open_pool
from app.adapters.erasure.by_rule import Eraser
from app.adapters.erasure.due_list import ErasureList
from app.cli.administration.session import print_table
from app.cli.database.where import owner_url
from app.domain.calendar.clock import JAPAN
from app.domain.erasure.retention import TITLES
from app.settings import Settings

T = TypeVar("T")

erasures = typer.Typer(no_args_is_help=True, help="消去の期限と記録 / what is erased when")

Most = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="行数 / how many")]


@erasures.command("due")
def list_due(limit: Most = 50) -> None:
    """期限の来た案件の一覧。ワーカーがまもなく消す / What is due; the worker erases it shortly."""
    settings = Settings()
    today = settings.running_clock()().date()
    referrals = _query(settings, lambda each: each.due(today, limit))
    print_table(
        (
            each.due_on.isoformat(),
            str(each.referral_id),
            each.rule.value,
            each.since.isoformat(),
            "止められている / held" if each.held else TITLES[each.rule].ja,
        )
        for each in referrals
    )


@erasures.command("recent")
def list_recent(limit: Most = 50) -> None:
    """最近の消去と、控えとファイルからも消える時 / Recent ones, and when no trace is left."""
    erased = _query(Settings(), lambda each: each.recent_erasures(limit))
    print_table(
        (
            _seconds(each.erased_at),
            str(each.referral_id),
            each.because,
            ",".join(each.classes),
            each.complete_on.isoformat(),
            "–" if each.overwritten_at is None else _seconds(each.overwritten_at),
        )
        for each in erased
    )


@erasures.command("run")
def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="数えるだけ / only count what would be erased")
    ] = False,
) -> None:
    """期限の来たものを今消す。いつ止めてもよい / Erase what is due now; stop it at any time."""
    settings = Settings()
    today = settings.running_clock()().date()
    due, held = _query(settings, lambda each: each.count(today))
    typer.echo(f"期限の来たもの / due: {due}   止められているもの / held: {held}")
    if not dry_run and due:
        with owner_url(settings) as url:
            asyncio.run(_erase(settings, url, due))


def _seconds(at: datetime) -> str:
    return at.astimezone(JAPAN).isoformat(timespec="seconds")


async def _erase(settings: Settings, url: str, due: int) -> None:
    total = 0
    async with await open_pool(url, 1, "tsunagu erasures") as pool:
        eraser = Eraser(pool, settings.running_clock(), settings.periods, settings.key_backup_age)
        while erased := await eraser.erase_due():
            total += erased
            typer.echo(f"{total} / {max(due, total)}")


def _query(settings: Settings, work: Callable[[ErasureList], Awaitable[T]]) -> T:
    async def run_query(url: str) -> T:
        async with connect(url) as connection:
            return await work(ErasureList(connection, settings.periods))

    with owner_url(settings) as url:
        return asyncio.run(run_query(url))
