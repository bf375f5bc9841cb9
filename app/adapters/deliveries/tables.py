"""Delivery terms of messages, recalls, and requests for recalls."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.database.row import Row


class DeliveryTermRow(Row, table=True):
    """When a message that a recipient has not acknowledged is overdue, and when it has failed."""

    __tablename__ = "delivery_term"
    __table_args__ = (
        Index("ix_delivery_term_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    sender: str | None
    overdue_at: datetime
    failed_at: datetime
    next_at: datetime | None = Field(
        sa_column_kwargs={
            "comment": "When to look next whether everybody has acknowledged;"
            " null when nothing is left to tell."
        }
    )


class RecallRow(Row, table=True):
    """A recalled copy; with the days to report it if it was disclosed by then. Never updated."""

    __tablename__ = "recall"
    __table_args__ = (
        UniqueConstraint("message_id", "recipient_agency"),
        Index(
            "ix_recall_sender",
            "sender_agency",
            text("recalled_at DESC"),
            text("id DESC"),
            postgresql_where=text("disclosed"),
        ),
        Index(
            "ix_recall_recipient",
            "recipient_agency",
            text("recalled_at DESC"),
            text("id DESC"),
            postgresql_where=text("disclosed"),
        ),
    )

    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id")
    referral_id: UUID
    type: str
    accepted_at: datetime
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None
    named: bool = Field(
        sa_column_kwargs={
            "comment": "Whether the sender knew this reader: others were shown the message by"
            " its recipients."
        }
    )
    reason: str
    recalled_at: datetime
    recalled_by: str
    disclosed: bool = Field(
        sa_column_kwargs={
            "comment": "Opened or printed before it was recalled: a misdirected disclosure,"
            " with both clocks."
        }
    )
    openings: list[dict[str, Any]] = Field(sa_type=JSONB)
    preliminary_from: date | None
    preliminary_by: date | None
    final_by: date | None
    final_by_if_malicious: date | None


class RecallRequestRow(Row, table=True):
    """A request to one agency to give back a copy, until it is answered or lapses."""

    __tablename__ = "recall_request"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'refused', 'lapsed')", name="state"),
        CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled"),
        Index(
            "ix_recall_request_once",
            "message_id",
            "recipient_agency",
            unique=True,
            postgresql_where=text("state IN ('open', 'refused')"),
        ),
        Index(
            "ix_recall_request_sender",
            "sender_agency",
            text("requested_at DESC"),
            text("id DESC"),
        ),
        Index(
            "ix_recall_request_recipient",
            "recipient_agency",
            text("requested_at DESC"),
            text("id DESC"),
        ),
        Index("ix_recall_request_expires", "expires_at", postgresql_where=text("state = 'open'")),
        {
            "comment": "A request to an agency to give back a copy that it had opened,"
            " and the answer."
        },
    )

    id: UUID = Field(primary_key=True)
    act_id: UUID
    message_id: UUID = Field(foreign_key="message.id")
    referral_id: UUID
    reader_referral_id: UUID
    type: str
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None = Field(
        sa_column_kwargs={"comment": "Null for a reader whom the sender did not name."}
    )
    reason: str
    requested_at: datetime
    requested_by: str
    expires_at: datetime
    state: str = Field(sa_column_kwargs={"server_default": text("'open'")})
    settled_at: datetime | None
    settled_by: str | None
    refusal_reason: str | None
