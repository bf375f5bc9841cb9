"""Migrates a database to the newest revision of the tables, or back to an older one."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from app.adapters.outage import OperatorError

CONFIGURATION = Path(__file__).parents[3] / "alembic" / "alembic.ini"
PATIENCE = timedelta(seconds=5)
"""How long a migration waits for a lock on a table that is in use, before it gives up."""


BASELINE = "2026_11_23_27"
OLDER = frozenset(f"2026_11_23_{number}" for number in range(1, 27))
"""Revisions from before the baseline. Its release has the migrations that lead up to it."""


class TooOld(OperatorError):
    """The tables are older than the baseline, so that no migration leads on from them."""


class FunctionsInTheWay(OperatorError):
    """A function that is not the service's keeps those from being made; nothing was migrated."""


class TablesInUse(OperatorError):
    """A table was locked for too long, so nothing was migrated; it can be tried again."""


def migrate(url: str, revision: str = "head", patience: timedelta = PATIENCE) -> None:
    """Upgrade the database at `url`, logged in as its owner, to `revision`.

    Runs its own event loop: from inside a loop, call it in a thread. Alembic allows one call at a
    time in a process.

    Raises:
        TablesInUse: a lock was not free within `patience`.
        FunctionsInTheWay: functions of somebody else's have to go first.
        TooOld: an older release has to migrate first.
    """
    with _operator_errors():
        command.upgrade(_configuration(url, patience, "up"), revision)


def undo(url: str, revision: str, patience: timedelta = PATIENCE) -> None:
    """Downgrade the database at `url` to `revision` (`base` for no tables at all).

    The functions are gone afterwards, until `migrate` of a release that knows `revision`.

    Raises:
        TablesInUse: a lock was not free within `patience`.
    """
    with _operator_errors():
        command.downgrade(_configuration(url, patience, "down"), revision)


def refuse_older(revisions: Iterable[str]) -> None:
    """Refuse tables from before the baseline.

    Raises:
        TooOld: they are of one of these revisions.
    """
    for revision in OLDER.intersection(revisions):
        raise TooOld(
            f"Nothing was migrated: the tables are at revision {revision}, so run `tsunagu migrate`"
            f" of release 0.1.0 first, which brings them to {BASELINE}."
        )


_REASONS: Mapping[str, tuple[type[OperatorError], str]] = {
    asyncpg.LockNotAvailableError.sqlstate: (
        TablesInUse,
        "a table is in use. Try again when there is less to do.",
    ),
    asyncpg.DependentObjectsStillExistError.sqlstate: (
        FunctionsInTheWay,
        "something depends on a function in the schema public that is not the service's, and so"
        " is to be dropped. Move both to a schema of their own.",
    ),
    asyncpg.InvalidFunctionDefinitionError.sqlstate: (
        FunctionsInTheWay,
        "a function in the schema public has the name and arguments of one of the service's, but"
        " other names of arguments, or another answer. Drop it.",
    ),
}
"""What an operator can put right, by the SQLSTATE of the error that it causes."""


@contextmanager
def _operator_errors() -> Iterator[None]:
    """Raise what an operator can put right as such.

    Raises:
        TablesInUse, FunctionsInTheWay: see `_REASONS`; PostgreSQL's own words follow.
    """
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        # SQLAlchemy wraps errors of single statements, but not those of scripts.
        server_error = error.orig if isinstance(error, DBAPIError) else error
        reason = _REASONS.get(getattr(server_error, "sqlstate", ""))
        if reason is None:
            raise
        kind, text = reason
        said = "" if kind is TablesInUse else f" ({server_error})"
        raise kind(f"Nothing was migrated: {text}{said}") from None


def _configuration(url: str, patience: timedelta, direction: str) -> Config:
    config = Config(CONFIGURATION)
    config.attributes["url"] = url
    config.attributes["patience"] = patience
    config.attributes["direction"] = direction
    return config
