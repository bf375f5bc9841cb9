"""Brings a database to the newest shape of the tables, or an older one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

CONFIGURATION = Path(__file__).parents[3] / "alembic.ini"
PATIENCE = timedelta(seconds=5)
"""How long a migration waits for a lock that somebody at work holds, before it gives up."""


class TablesInUse(Exception):
    """Somebody held a table for too long, so nothing was migrated; it can be tried again."""


def migrate(url: str, revision: str = "head", patience: timedelta = PATIENCE) -> None:
    """Upgrade the database at `url`, logged in as its owner, to `revision`.

    Runs its own event loop: from inside a loop, call it in a thread. Alembic allows one call at a
    time in a process.

    Raises:
        TablesInUse: a lock was not free within `patience`.
    """
    with _giving_up():
        command.upgrade(_configuration(url, patience), revision)


def undo(url: str, revision: str, patience: timedelta = PATIENCE) -> None:
    """Downgrade the database at `url` to `revision` (`base` for no tables at all).

    Raises:
        TablesInUse: a lock was not free within `patience`.
    """
    with _giving_up():
        command.downgrade(_configuration(url, patience), revision)


@contextmanager
def _giving_up() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError) as error:
        # SQLAlchemy wraps what single statements raise, and not what scripts do.
        of_server = error.orig if isinstance(error, DBAPIError) else error
        if getattr(of_server, "sqlstate", None) != asyncpg.LockNotAvailableError.sqlstate:
            raise
        raise TablesInUse(
            "Nothing was migrated: a table is in use. Try again when there is less to do."
        ) from None


def _configuration(url: str, patience: timedelta) -> Config:
    config = Config(CONFIGURATION)
    config.attributes["url"] = url
    config.attributes["patience"] = patience
    return config
