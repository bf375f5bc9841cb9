"""Finds the database for a command: the configured server, our running one, or one it starts."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.adapters.embedded_postgres.server import (
    EmbeddedPostgres,
    running_administrator,
    running_urls,
)
from app.settings import Settings


@contextmanager
def owner_url(settings: Settings) -> Iterator[str]:
    """The URL of the database with the owner's login, valid within the block.

    Raises:
        EmbeddedPostgresError: no server is configured, and our own does not start.
    """
    if settings.owner_url is not None:
        yield settings.owner_url
        return
    running = running_urls(settings.data_dir)
    if running is not None:
        yield running.owner
        return
    with EmbeddedPostgres(settings.data_dir) as embedded:
        yield embedded.urls.owner


def administrator_url(settings: Settings) -> str | None:
    """The administrator's login of our own running server; None if another is configured."""
    return None if settings.owner_url is not None else running_administrator(settings.data_dir)
