"""The caller: one seat of one agency, through one client, with the rights of its token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The seat behind a call. `decides` is true for a decider's seat whose token says so."""

    client_id: str
    agency_id: str
    seat_id: str
    role: str
    scopes: frozenset[str]
    classes: frozenset[str]
    decides: bool
