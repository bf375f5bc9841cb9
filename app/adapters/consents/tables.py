"""Consents, and requests to return or destroy data disclosed on a consent that was withdrawn."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class ReturnRequestRow(Row, table=True):
    """A request to one agency to return or destroy data of one referral, and its answer."""

    __tablename__ = "return_request"
    __table_args__ = (
        CheckConstraint(
            "is_open = (answered_at IS NULL) AND is_open = (answer IS NULL)"
            " AND is_open = (answered_by IS NULL) AND is_open = (done_on IS NULL)",
            name="answered",
        ),
        Index("ix_return_request_agency", "agency_id", text("(NOT is_open)"), "due_on", "id"),
        Index("ix_return_request_case", "case_id", "due_on", "id"),
        Index(
            "ix_return_request_due",
            "due_on",
            postgresql_where=text("is_open AND told_at IS NULL"),
        ),
        {
            "comment": "To an agency that was told on a consent which was withdrawn:"
            " return or destroy it."
        },
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    referral_id: UUID = Field(foreign_key="referral.id")
    agency_id: str
    party: str
    consent_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    message_ids: list[UUID] = Field(
        sa_type=ARRAY(Uuid),
        sa_column_kwargs={"comment": "Shown to the agency that had them, and to no other."},
    )
    classes: list[str] = Field(sa_type=TEXTS)
    seen_by: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={
            "comment": "Who follows the answer: whoever told it, and the withdrawer if it knew"
            " this agency."
        },
    )
    requested_at: datetime
    due_on: date
    is_open: bool = Field(sa_column_kwargs={"server_default": text("true")})
    told_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: str | None
    done_on: date | None
    legal_basis: str | None


class ConsentRow(Row, table=True):
    """What a person agreed to: a purpose, recipients, data classes and days, and its withdrawal."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_referral", "referral_id"),)

    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(foreign_key="referral.id")
    message_id: UUID
    purpose: str
    recipients: list[str] = Field(sa_type=TEXTS)
    classes: list[str] = Field(sa_type=TEXTS)
    valid_from: date
    valid_until: date | None
    withdrawn_on: date | None
    withdrawn_by: UUID | None
    withdrawn_items: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "What was taken back while the rest stands:"
            " classes, agency ids, kinds of agency.",
        },
    )
    taken_by: list[UUID] = Field(
        sa_type=ARRAY(Uuid),
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "For each of withdrawn_items, the message that took it back.",
        },
    )
    recorded_by: str | None = Field(
        sa_column_kwargs={"comment": "The agency that recorded it, or keyed it in from paper."}
    )
    claimed: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "Recorded by a party for its own access, and not confirmed: opens nothing.",
        }
    )
    confirmed_at: datetime | None
    confirmed_by: UUID | None = Field(
        sa_column_kwargs={"comment": "The message that confirmed what had been a claim."}
    )
    before_retractions: list[dict[str, Any]] = Field(
        sa_type=JSONB,
        sa_column_kwargs={
            "server_default": text("'[]'"),
            "comment": "What it was before each retraction of its withdrawal, and when that came:"
            " agencies whose part had ended see it so.",
        },
    )


class ReturnedTermRow(Row, table=True):
    """When a copy that a new consent has given back is overdue, and when it has failed."""

    __tablename__ = "returned_term"
    __table_args__ = (
        Index("ix_returned_term_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        {
            "comment": "When a copy that a new consent has given back is overdue,"
            " and when it has failed."
        },
    )

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    agency_id: str = Field(primary_key=True)
    returned_at: datetime
    overdue_at: datetime
    failed_at: datetime
    next_at: datetime | None


class PurposeFlowRow(Row, table=True):
    """A flow that a purpose of consent serves; without `flow`, it is known to serve none."""

    __tablename__ = "purpose_flow"
    __table_args__ = (
        UniqueConstraint("purpose", "flow", postgresql_nulls_not_distinct=True),
        {"comment": "The flows that a purpose of consent serves; without a flow: none."},
    )
    # The table has no primary key, since `flow` may be missing; SQLAlchemy needs one all the same.
    __mapper_args__: ClassVar[dict[str, Any]] = {"primary_key": ["purpose", "flow"]}

    purpose: str
    flow: str | None
