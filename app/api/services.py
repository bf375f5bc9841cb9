"""What the routes work with, put together by main and typed in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from app.auth.desk import TokenDesk
from app.auth.keys import SigningKeys
from app.auth.tokens import TokenReader
from app.domain.client import Clients
from app.domain.clock import Clock
from app.domain.directory import Directory


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the routes. `directory` gives the directory as it is at that moment."""

    issuer: str
    clock: Clock
    keys: SigningKeys
    tokens: TokenReader
    desk: TokenDesk
    clients: Clients
    directory: Callable[[], Directory]


def services(request: Request) -> Services:
    """The parts behind the application that answers `request`."""
    found: Services = request.app.state.services
    return found
