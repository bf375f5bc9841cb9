"""Callers at any seat of any agency, and the moment at which most tests begin."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from app.auth.scopes import ROLES
from app.domain.access.caller import Caller

JAPAN = timezone(timedelta(hours=9))
START = datetime(2026, 11, 23, 10, tzinfo=JAPAN)
CLASSES = frozenset(f"C{n}" for n in range(9))


def seat(agency_id: str, role: str = "decider") -> Caller:
    """A caller at a seat of an agency."""
    scopes = frozenset(ROLES[role])
    return Caller(
        client_id=f"{agency_id}.system",
        agency_id=agency_id,
        seat_id=f"{agency_id}.{role}",
        role=role,
        scopes=scopes,
        classes=CLASSES,
        decides="referral:decide" in scopes,
    )


def caller_with(caller: Caller, **changes: Any) -> Caller:
    """The same caller with something changed."""
    return replace(caller, **changes)
