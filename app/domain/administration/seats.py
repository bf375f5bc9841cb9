"""Seats and clients as they are administered. `access.clients` has them as a token needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Seat:
    """A place at an agency from which somebody acts: 所長, 担当職員, 記録責任者 …"""

    id: str
    agency_id: str
    name: str
    role: str
    classes: frozenset[str] = frozenset()
    """The data classes that it may open, within those of its party."""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """A system of an agency. `seats` are the ids of those it may speak for, the default first."""

    id: str
    agency_id: str
    name: str
    seats: tuple[str, ...] = ()
    secret_hash: str | None = field(default=None, repr=False)
    public_jwk: Mapping[str, Any] | None = None
    disabled: bool = False
    dpop_required: bool = False
    """Whether it gets only tokens that are bound to a key (RFC 9449)."""
