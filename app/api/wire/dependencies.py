"""What the routes work with: handed in when the process starts, and asked for by its type.

Each subject lists in `NEEDS` what its routes ask for. A service that lacks any of it refuses to
start, so that no request can find it missing.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

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
        """The types of what they ask for with `dependency`."""
        ...


class Dependencies:
    """One object of each type."""

    def __init__(self, objects: Iterable[object]) -> None:
        """Keep them.

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
        found: T = self._by_type[kind]
        return found

    def get(self, kind: type[T]) -> T | None:
        """The object of this type, or None."""
        found: T | None = self._by_type.get(kind)
        return found

    def override(self, kind: type[T], substitute: T) -> None:
        """Put another object in the place of the one of this type, for a test or a measurement."""
        self._by_type[kind] = substitute

    def require(self, kinds: Iterable[type]) -> None:
        """Make sure that there is an object of each of these types.

        Raises:
            CannotStart: there is not.
        """
        missing = sorted(kind.__name__ for kind in set(kinds) if kind not in self._by_type)
        if missing:
            raise CannotStart(f"The service was put together without {', '.join(missing)}.")


def install(app: FastAPI, objects: Iterable[object], needs: Iterable[type] = ()) -> None:
    """Give the routes of `app` what they work with.

    Args:
        needs: the types of what there has to be.

    Raises:
        CannotStart: something of that is missing.
    """
    dependencies = Dependencies(objects)
    dependencies.require(needs)
    app.state.dependencies = dependencies


def dependency(request: Request, kind: type[T]) -> T:
    """The object of this type that the application behind `request` works with."""
    found: T = request.app.state.dependencies[kind]
    return found


def dependency_if_started(app: FastAPI, kind: type[T]) -> T | None:
    """The object of this type, or None as long as `app` has not started."""
    dependencies: Dependencies | None = getattr(app.state, "dependencies", None)
    return None if dependencies is None else dependencies.get(kind)


@dataclass(frozen=True, slots=True)
class ServiceClock:
    """The clock that the whole service goes by."""

    read: Clock


@dataclass(frozen=True, slots=True)
class ServiceDirectory:
    """The directory of agencies, which is read again whenever it changes."""

    read: Callable[[], Directory]


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues tokens, receipts and bundles: the address of the service."""

    url: str


@dataclass(frozen=True, slots=True)
class PublishedLogKeys:
    """The keys that sign the log's checkpoints, also those that did, the oldest first."""

    read: Callable[[], tuple[VerifierKey, ...]]


class Shutdown:
    """Whether the process was told to stop."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    def begin(self) -> None:
        """Let go whoever waits."""
        self._begun.set()

    async def wait(self) -> None:
        """Wait until the process is told to stop."""
        await self._begun.wait()


def current_time(request: Request) -> datetime:
    """The moment that counts as now."""
    return dependency(request, ServiceClock).read()


def current_directory(request: Request) -> Directory:
    """The directory as it is at this moment."""
    return dependency(request, ServiceDirectory).read()


def release(app: FastAPI) -> None:
    """Let go whoever waits for an inbox of `app`: it is about to stop."""
    shutdown = dependency_if_started(app, Shutdown)
    if shutdown is not None:
        shutdown.begin()
