"""`tsunagu migrate`: tables and directory, and nothing that stays running."""

from app.adapters.preparation import prepare
from app.cli.place import owner_url
from app.settings import Settings


def migrate() -> None:
    """Bring the database to this version's tables and add agencies that the directory lacks."""
    with owner_url(Settings()) as url:
        prepare(url)
