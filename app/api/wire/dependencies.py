"""Dependencies of the routes: installed when the process starts, and looked up by type.

Each subject lists in `NEEDS` the types that its routes look up. The service does not start if one
of them is missing.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request

from app.adapters.outage import CannotStart
from app.domain.calendar.clock import Clock
from app.domain.directory.agencies import Directory
from app.domain.log.signed_note import VerifierKey

T = TypeVar("T")


class Subject(Protocol):
    """What the package of a subject's routes exports."""

    @property
    def ROUTERS(self) -> tuple[APIRouter, ...]:  # noqa: N802 -- a constant of the package
        """Its routes."""
        ...

    @property
    def NEEDS(self) -> tuple[type, ...]:  # noqa: N802 -- as above
        """The types that they look up with `dependency`."""
        ...


class Dependencies:
    """One object of each type."""

    def __init__(self, objects: Iterable[object]) -> None:
        """Store them by type.

        Raises:
            ValueError: two have the same type.
        """
        self._by_type: dict[type, Any] = {}
        for each in objects:
            if type(each) in self._by_type:
                raise ValueError(f"two dependencies of type {type(each).__name__}")
            self._by_type[type(each)] = each

    def __getitem__(self, kind: type[T]) -> T:
        """The object of this type.

        Raises:
            KeyError: there is none.
        """
        value: T = self._by_type[kind]
        return value

    def get(self, kind: type[T]) -> T | None:
        """The object of this type, or None."""
        value: T | None = self._by_type.get(kind)
        return value

    def override(self, kind: type[T], substitute: T) -> None:
        """Replace the object of this type, for a test or a measurement."""
        self._by_type[kind] = substitute

    def require(self, kinds: Iterable[type]) -> None:
        """Check that there is an object of each of these types.

        Raises:
            CannotStart: one is missing.
        """
        missing = sorted(kind.__name__ for kind in set(kinds) if kind not in self._by_type)
        if missing:
            raise CannotStart(f"The service was put together without {', '.join(missing)}.")


def install(app: FastAPI, objects: Iterable[object], needs: Iterable[type] = ()) -> None:
    """Install the dependencies of the routes of `app`.

    Args:
        needs: the types that `objects` must contain.

    Raises:
        CannotStart: one of them is missing.
    """
    dependencies = Dependencies(objects)
    dependencies.require(needs)
    app.state.dependencies = dependencies


def dependency(request: Request, kind: type[T]) -> T:
    """The object of this type in the application of `request`."""
    value: T = request.app.state.dependencies[kind]
    return value


def dependency_if_started(app: FastAPI, kind: type[T]) -> T | None:
    """The object of this type; None before `app` has started."""
    dependencies: Dependencies | None = getattr(app.state, "dependencies", None)
    return None if dependencies is None else dependencies.get(kind)


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """The clock of the service."""

    read: Clock


@dataclass(frozen=True, slots=True)
class ServiceDirectory:
    """The current directory of agencies."""

    read: Callable[[], Directory]


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer of tokens, receipts and bundles: the URL of the service."""

    url: str

    @property
    def prefix(self) -> str:
        """The path that a proxy takes away: of `https://host/tsunagu`, `/tsunagu`."""
        return urlsplit(self.url).path.rstrip("/")


@dataclass(frozen=True, slots=True)
class PublishedLogKeys:
    """The keys that sign the log's checkpoints and those that did before, oldest first."""

    read: Callable[[], tuple[VerifierKey, ...]]


class Shutdown:
    """Whether the process is shutting down."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """Wake up the waiting calls."""
        self._begun.set()

    async def wait(self) -> None:
        """Wait until the process shuts down."""
        await self._begun.wait()


def service_url(request: Request) -> str:
    """The URL under which callers know the service."""
    return dependency(request, Issuer).url


def current_time(request: Request) -> datetime:
    """The current time, by the clock of the service."""
    return dependency(request, ServiceClock).read()


def current_directory(request: Request) -> Directory:
    """The current directory."""
    return dependency(request, ServiceDirectory).read()


def release(app: FastAPI) -> None:
    """End the calls of `app` that wait for an inbox, because it is shutting down."""
    shutdown = dependency_if_started(app, Shutdown)
    if shutdown is not None:
        shutdown.begin()
