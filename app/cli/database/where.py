"""Where a command finds its database: a server of yours, one that is running, or one it starts."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.adapters.embedded_postgres.server import EmbeddedPostgres, running_urls
from app.settings import Settings


@contextmanager
def owner_url(settings: Settings) -> Iterator[str]:
    """The owner's login, for as long as the block lasts.

    Raises:
        EmbeddedPostgresError: no server was named, and our own does not start.
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
