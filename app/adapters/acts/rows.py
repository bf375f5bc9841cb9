"""Acts as database rows, and the log entries and inbox items that go with them."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller
from app.domain.acts.acts import KINDS, Act, ActState

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[Record]


def read_act(row: Mapping[str, Any]) -> Act:
    """The act of a row."""
    return Act(
        id=UUID(row["id"]),
        kind=row["kind"],
        agency_id=row["agency_id"],
        target=row["target"],
        detail=row["detail"],
        proposed_at=datetime.fromisoformat(row["proposed_at"]),
        proposed_by=row["proposed_by"],
        expires_at=datetime.fromisoformat(row["expires_at"]),
        state=ActState[row["state"].upper()],
        decided_at=datetime.fromisoformat(row["decided_at"]) if row["decided_at"] else None,
        decided_by=row["decided_by"],
        outcome=row["outcome"],
    )


def settle_act_json(
    act: Act, caller: Caller | None, at: datetime, items: Collection[Mapping[str, Any]] = ()
) -> str:
    """The argument of `settle_act`: JSON as text."""
    return json.dumps(
        {
            "at": at.isoformat(),
            "id": str(act.id),
            "state": act.state.value,
            "decided_by": act.decided_by,
            "outcome": dict(act.outcome),
            "log": [act_entry(act, caller, at).row()],
            "items": list(items),
        }
    )


def inbox_item(act: Act, kind: str) -> dict[str, Any]:
    """The inbox item that notifies the agency of an act."""
    referral = act.target if KINDS[act.kind].concerns_referral else None
    return {
        "agency_id": act.agency_id,
        "kind": kind,
        "referral_id": referral,
        "type": act.kind,
        "urgency": "normal",
    }


def act_row(act: Act) -> dict[str, Any]:
    """A proposal as `propose_act` takes it."""
    return {
        "id": str(act.id),
        "kind": act.kind,
        "agency_id": act.agency_id,
        "target": act.target,
        "detail": dict(act.detail),
        "proposed_at": act.proposed_at.isoformat(),
        "proposed_by": act.proposed_by,
        "expires_at": act.expires_at.isoformat(),
    }


def act_entry(act: Act, caller: Caller | None, at: datetime) -> LogEntry:
    """The log entry of a step of the act: who took it, and on what."""
    step = {
        "act": act.kind,
        "act_id": str(act.id),
        "step": act.state.value,
        "target": act.target,
        **act.outcome,
    }
    referral = act.target if KINDS[act.kind].concerns_referral else None
    entry = log_entry(at, "administration", step, caller, [act.agency_id], referral_id=referral)
    # An act that expired has no caller; the entry still names its agency.
    return entry if caller else entry.acting(act.agency_id)
