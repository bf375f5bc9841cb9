"""How each role logs in to the database."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

ADMIN, OWNER, API, WORKER = "postgres", "tsunagu_owner", "tsunagu_api", "tsunagu_worker"


@dataclass(frozen=True)
class Urls:
    """One address for each role: `postgresql://…`, as asyncpg reads it."""

    owner: str
    api: str
    worker: str


def as_role(url: str, role: str) -> str:
    """`url`, with the session set to `role` at its start.

    For a server where only the owner has a login and the other roles have none.
    """
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), "role": role}
    return urlunsplit(parts._replace(query=urlencode(query)))


def at_database(url: str, database: str) -> str:
    """`url`, for another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
