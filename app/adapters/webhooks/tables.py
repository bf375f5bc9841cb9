"""Webhooks, their notices, and every attempt to deliver one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row

_NONE_YET = {"server_default": text("0")}


class WebhookRow(Row, table=True):
    """A URL where an agency is notified of inbox items, and the health of that endpoint."""

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("length(url) <= 2048", name="url"),
        CheckConstraint("state IN ('active', 'paused', 'disabled', 'deleted')", name="state"),
        Index("ix_webhook_agency", "agency_id", postgresql_where=text("state <> 'deleted'")),
        Index("ix_webhook_master", "master", postgresql_where=text("master IS NOT NULL")),
        Index(
            "ix_webhook_old_master", "old_master", postgresql_where=text("old_master IS NOT NULL")
        ),
    )

    id: UUID = Field(primary_key=True)
    agency_id: str = Field(foreign_key="agency.id")
    client_id: str = Field(
        foreign_key="client.id",
        sa_column_kwargs={
            "comment": "With seat_id whoever last vouched for it:"
            " if either is disabled, nothing leaves."
        },
    )
    seat_id: str = Field(foreign_key="seat.id")
    url: str
    flows: list[str] | None = Field(sa_type=TEXTS)
    urgencies: list[str] | None = Field(sa_type=TEXTS)
    master: int | None
    secret: bytes | None
    old_master: int | None
    old_secret: bytes | None
    old_until: datetime | None
    state: str
    reason: str | None
    created_at: datetime
    changed_at: datetime
    failures: int = Field(sa_column_kwargs=_NONE_YET)
    failing_since: datetime | None
    resting_until: datetime | None
    succeeded_at: datetime | None
    challenge: UUID | None = Field(
        sa_column_kwargs={
            "comment": "The notice that its receiver has to answer with a proof; null once it has."
        }
    )
    replay_until: datetime | None


class NoticeRow(Row, table=True):
    """The notification of a webhook about one inbox item: the same bytes at each attempt."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("octet_length(payload) < 2048", name="payload"),
        CheckConstraint("state IN ('pending', 'delivered', 'failed', 'cancelled')", name="state"),
        Index(
            "ix_notice_pending",
            "webhook_id",
            "position",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_notice_failed", "webhook_id", postgresql_where=text("state = 'failed'")),
        Index("ix_notice_webhook", "webhook_id", "created_at"),
        Index("ix_notice_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    webhook_id: UUID = Field(foreign_key="webhook.id")
    agency_id: str
    position: int = Field(
        sa_type=BigInteger,
        sa_column_kwargs={
            "comment": "Of the inbox item; 0 for a test, which goes before all,"
            " and -1 for a challenge."
        },
    )
    referral_id: UUID | None
    message_id: UUID | None
    payload: str
    created_at: datetime
    since: datetime
    attempts: int = Field(sa_column_kwargs=_NONE_YET)
    tries: int = Field(
        sa_column_kwargs={
            **_NONE_YET,
            "comment": "Place in the schedule, counted from `since`.",
        }
    )
    due_at: datetime
    leased_until: datetime | None
    state: str = Field(sa_column_kwargs={"server_default": text("'pending'")})
    settled_at: datetime | None
    reason: str | None
    not_before: datetime | None = Field(
        sa_column_kwargs={
            "comment": "Earlier it is not sent, whatever makes other notices due:"
            " a replay is paced."
        }
    )


class AttemptRow(Row, table=True):
    """One attempt to deliver a notice, or the decision that none may be made."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_webhook", "webhook_id", "at", "notice_id", "number"),)

    notice_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    webhook_id: UUID
    agency_id: str
    at: datetime
    outcome: str
    status: int | None
    took_ms: int | None
    answer: bytes | None


class WebhookCallRow(Row, table=True):
    """A call of the last minute that made us send something to an endpoint."""

    __tablename__ = "webhook_call"
    __table_args__ = (Index("ix_webhook_call_at", "at"),)

    id: UUID = Field(primary_key=True)
    agency_id: str
    webhook_id: UUID | None
    targets: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={"comment": "The host, and the addresses that it had."},
    )
    at: datetime


class AttemptTotalRow(Row, table=True):
    """How many attempts ended with which outcome, over all time."""

    __tablename__ = "attempt_total"

    outcome: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)
