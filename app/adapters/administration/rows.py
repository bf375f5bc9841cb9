"""Seats and clients of an agency, as functions of the database answer them."""

from typing import TypedDict


class SeatJson(TypedDict):
    """A seat of an agency."""

    id: str
    name: str
    role: str
    classes: list[str]
    created_at: str
    disabled_at: str | None


class ClientJson(TypedDict):
    """A client of an agency. Of a secret nothing is told but that there is one."""

    id: str
    name: str
    seats: list[str]
    proof: str
    dpop_required: bool
    created_at: str
    disabled_at: str | None
