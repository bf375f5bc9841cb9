"""What the administration commands share: database access, error messages and tables."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, TypeVar
from unicodedata import east_asian_width

import typer

from app.adapters.administration.by_owner import Administration, AdministrationError
from app.adapters.database.connection import connect
from app.cli.database.where import owner_url
from app.domain.characters import UNWANTED, compose, reason_to_refuse
from app.settings import Settings

T = TypeVar("T")

REASONS = {
    "unknown": "その識別子のものはありません / there is nothing with that id",
    "taken": "その識別子は使われています / that id is taken",
    "other_agency": "別の機関の席か、無い席です / a seat of another agency, or none at all",
    "too_many_clients": "この機関には、もう有効な接続システムを増やせません"
    " (TSUNAGU_CLIENTS_PER_AGENCY) / the agency has as many enabled clients as it may have",
    "bad_value": "値が正しくありません / a value is not right",
}

ID = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")

AgencyFilter = Annotated[
    str | None, typer.Option("--agency", help="この機関だけ / only this agency")
]


def administer(work: Callable[[Administration], Awaitable[T]]) -> T:
    """Run `work` on the database of the settings, and return its result.

    Raises:
        typer.Exit: `work` was refused; the reason has been printed.
    """

    async def connect_and_work(url: str) -> T:
        async with connect(url) as connection:
            settings = Settings()
            return await work(Administration(connection, settings.running_clock(), settings.limits))

    with owner_url(Settings()) as url:
        try:
            return asyncio.run(connect_and_work(url))
        except AdministrationError as error:
            typer.echo(REASONS[error.reason], err=True)
            raise typer.Exit(1) from None


def new_id(text: str) -> str:
    """`text`, checked as the id of something new.

    Raises:
        typer.BadParameter: it has other characters than lowercase letters, digits and single - . _
            between them, or is too long.
    """
    if len(text) > 64 or not ID.fullmatch(text):
        raise typer.BadParameter(
            "識別子は英小文字・数字と間の - . _ で64字まで"
            " / an id has lowercase letters, digits and - . _ between them, at most 64"
        )
    return text


def good_text(text: str | None) -> str | None:
    """`text` with its letters composed, as every text that comes in.

    Raises:
        typer.BadParameter: it holds what no text may hold.
    """
    if not text:
        return text
    reason = reason_to_refuse(text)
    if reason is not None:
        hint = UNWANTED[reason].hint
        raise typer.BadParameter(f"{hint.ja} / {hint.en}")
    return compose(text)


def now() -> datetime:
    """The current time by the service's clock."""
    return Settings().running_clock()()


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns. A Japanese character is two columns wide."""
    lines = list(rows)
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        typer.echo("  ".join(text + " " * (width - _width(text)) for text, width in cells).rstrip())


def status(disabled: bool) -> str:
    """`enabled` or `disabled`, for the last column of a list."""
    return "disabled" if disabled else "enabled"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "FWA" else 1 for character in text)
