"""`tsunagu migrate`: migrate the tables and seed the directory, then end."""

from app.adapters.setup import prepare
from app.cli.database.where import administrator_url, owner_url
from app.settings import Settings


def migrate() -> None:
    """表をこの版の形にし、名簿を補う / Bring the tables to this version; add missing agencies."""
    settings = Settings()
    with owner_url(settings) as url:
        prepare(url, settings.clock_offset(), administrator_url(settings))
