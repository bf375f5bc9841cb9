"""Brings a database to the newest shape of the tables, or an older one."""

from pathlib import Path

from alembic import command
from alembic.config import Config

CONFIGURATION = Path(__file__).parents[2] / "alembic.ini"


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade the database at `url`, logged in as its owner, to `revision`.

    Runs its own event loop: from inside a loop, call it in a thread.
    """
    command.upgrade(_configuration(url), revision)


def undo(url: str, revision: str) -> None:
    """Downgrade the database at `url` to `revision` (`base` for no tables at all)."""
    command.downgrade(_configuration(url), revision)


def _configuration(url: str) -> Config:
    config = Config(CONFIGURATION)
    config.attributes["url"] = url
    return config
