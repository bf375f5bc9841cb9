"""Keys as they cross from the disk to those who use them."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SigningPem:
    """A private signing key, and the moment from which it signs."""

    signs_from: datetime
    pem: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key of 32 bytes that wraps the keys of referrals. The highest version wraps new ones."""

    version: int
    secret: bytes = field(repr=False)


class SigningPems(Protocol):
    """Where signing keys lie."""

    def mark(self) -> Hashable:
        """A cheap value that differs when a key was added or removed."""
        ...

    def signing(self) -> tuple[SigningPem, ...]:
        """Every signing key, the oldest first."""
        ...
