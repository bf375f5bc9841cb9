"""Acts that take two seats."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.database.row import Row

_NEWEST = (text("proposed_at DESC"), text("id DESC"))


class ActRow(Row, table=True):
    """A proposal of one seat and what another made of it. Once settled it never changes."""

    __tablename__ = "act"
    __table_args__ = (
        CheckConstraint("length(target) <= 128", name="target"),
        CheckConstraint(
            "state IN ('proposed', 'approved', 'refused', 'withdrawn', 'expired', 'failed')",
            name="state",
        ),
        CheckConstraint(
            "state NOT IN ('approved', 'refused', 'failed')"
            " OR decided_by IS NOT NULL AND decided_by <> proposed_by",
            name="two_seats",
        ),
        Index("ix_act_agency", "agency_id", *_NEWEST),
        Index("ix_act_waiting", "agency_id", *_NEWEST, postgresql_where=text("state = 'proposed'")),
        Index("ix_act_expires", "expires_at", postgresql_where=text("state = 'proposed'")),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    agency_id: str = Field(foreign_key="agency.id")
    target: str
    detail: dict[str, Any] = Field(
        sa_type=JSONB,
        sa_column_kwargs={"comment": "Codes, ids and numbers: never words, and nothing personal."},
    )
    proposed_at: datetime
    proposed_by: str
    expires_at: datetime
    state: str
    decided_at: datetime | None
    decided_by: str | None
    outcome: dict[str, Any] = Field(
        sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
