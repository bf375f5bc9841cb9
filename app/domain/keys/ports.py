"""Keys and key services, as the rest of the service sees them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SigningPem:
    """A private signing key, and the moment from which it signs; of a revoked one the public."""

    signs_from: datetime
    pem: bytes = field(repr=False)
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key of 32 bytes that wraps other keys.

    The highest version whose time has come wraps new ones; without a time it came at once.
    """

    version: int
    secret: bytes = field(repr=False)
    wraps_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Master:
    """A master key as others may see it, without the key itself."""

    version: int
    wraps_from: datetime | None
    active: bool


class MasterUse(StrEnum):
    """What a master key is used for at a moment."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRABLE = "retirable"


def master_use(
    version: int,
    active: int,
    rows: int,
    unused_since: datetime | None,
    backup_age: timedelta,
    at: datetime,
) -> MasterUse:
    """What the master key `version` is used for at `at`.

    Args:
        version: which one.
        active: the version that wraps.
        rows: how many keys and secrets lie under it.
        unused_since: since when it is on record that nothing lies under it.
        backup_age: how old a backup of the database gets; one may hold rows of before then.
        at: the present moment.
    """
    if version >= active:
        return MasterUse.ACTIVE if version == active else MasterUse.NEXT
    past = not rows and unused_since is not None and unused_since + backup_age <= at
    return MasterUse.RETIRABLE if past else MasterUse.RETIRING


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is stored, and the version of the master key that wrapped it."""

    master: int
    wrapped: bytes


class CannotOpen(Exception):
    """A stored key was changed, or is wrapped by a master key that is not here."""


class MasterMissing(CannotOpen):
    """The master key is not here: not yet, or not any more. Trying again may help."""


class KeyServiceAway(ConnectionError):
    """The key service does not answer. Nothing was wrapped, nothing was opened."""


class KeyService(Protocol):
    """Wraps and opens keys under master keys that it never gives out.

    Each key is bound to what it is for: it opens only with the bytes that it was wrapped with. One
    call takes all keys of a message or a page, since it may be a round trip to another machine.
    """

    async def wrap(self, keys: Sequence[tuple[bytes, bytes]]) -> list[WrappedKey]:
        """Keys as they may be stored, in the order of `keys`: (what it is bound to, the key).

        Raises:
            MasterMissing: there is no master key.
            KeyServiceAway: the service does not answer.
        """
        ...

    async def unwrap(self, keys: Sequence[tuple[bytes, WrappedKey]]) -> list[bytes]:
        """The keys, in the order of `keys`: (what it is bound to, as it is stored).

        Raises:
            CannotOpen: one of them was changed, or is bound to something else.
            MasterMissing: the master key of one of them is not here.
            KeyServiceAway: the service does not answer.
        """
        ...

    async def masters(self) -> list[Master]:
        """Every master key, by version; none or one of them is active.

        Raises:
            KeyServiceAway: the service does not answer.
            OSError, ValueError: the keys cannot be read.
        """
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class SigningPems(Protocol):
    """A store of signing keys."""

    def mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def signing(self) -> tuple[SigningPem, ...]:
        """Every signing key, the oldest first."""
        ...
