"""Retention clocks, erasures and legal holds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Uuid, text
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class ErasureRow(Row, table=True):
    """The erasure of one class of a referral: when and by which rule or act. Never deleted."""

    __tablename__ = "erasure"
    __table_args__ = (
        Index("ix_erasure_at", text("erased_at DESC")),
        Index(
            "ix_erasure_not_overwritten",
            "erased_at",
            postgresql_where=text("overwritten_at IS NULL"),
        ),
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    erased_at: datetime
    rule: str
    act_id: UUID | None = Field(foreign_key="act.id")
    complete_on: date = Field(
        sa_column_kwargs={"comment": "The day by which no backup holds the key any more."}
    )
    overwritten_at: datetime | None = Field(
        sa_column_kwargs={"comment": "Since when no file of the database holds the key."}
    )


class OverwritingRow(Row, table=True):
    """When the last complete overwriting of erased keys began."""

    __tablename__ = "overwriting"
    __table_args__ = (
        CheckConstraint("singleton", name="singleton"),
        {
            "comment": "When the last complete overwriting of erased keys began;"
            " no row before the first."
        },
    )

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    began_at: datetime


class ErasureRequestRow(Row, table=True):
    """A request to erase what other agencies hold too, until it is settled."""

    __tablename__ = "erasure_request"
    __table_args__ = (
        CheckConstraint(
            "state IN ('pending', 'erased', 'objected', 'withdrawn', 'lapsed', 'failed')",
            name="state",
        ),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
        Index(
            "ix_erasure_request_once",
            "referral_id",
            "agency_id",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_erasure_request_referral", "referral_id", text("requested_at DESC")),
        Index(
            "ix_erasure_request_expires", "expires_at", postgresql_where=text("state = 'pending'")
        ),
        {"comment": "A request of an agency to erase what others hold too, and what became of it."},
    )

    id: UUID = Field(
        primary_key=True,
        foreign_key="act.id",
        sa_column_kwargs={"comment": "The act by which two seats have made it."},
    )
    agency_id: str
    referral_id: UUID = Field(foreign_key="referral.id")
    reason: str
    classes: list[str] = Field(sa_type=TEXTS)
    requested_at: datetime
    requested_by: str
    expires_at: datetime
    state: str = Field(sa_column_kwargs={"server_default": text("'pending'")})
    settled_at: datetime | None
    outcome: str | None = Field(
        sa_column_kwargs={"comment": "Why nothing was erased; for the agency that asked."}
    )


class ErasureAnswerRow(Row, table=True):
    """An agency that is asked whether something may be erased, and its answer."""

    __tablename__ = "erasure_answer"
    __table_args__ = (CheckConstraint("answer IN ('agreed', 'objected')", name="answer"),)

    request_id: UUID = Field(primary_key=True, foreign_key="erasure_request.id")
    agency_id: str = Field(primary_key=True)
    referral_id: UUID = Field(
        sa_column_kwargs={"comment": "The referral through which it reads what would be erased."}
    )
    answer: str | None
    answered_at: datetime | None
    answered_by: str | None


class RetentionRow(Row, table=True):
    """A retention clock: a rule that runs for a referral, and since which day."""

    __tablename__ = "retention"
    __table_args__ = (
        Index(
            "ix_retention_due", "rule", "since", "referral_id", postgresql_where=text("NOT held")
        ),
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    rule: str = Field(primary_key=True)
    since: date
    held: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "Found under a hold when its time had come; not looked at.",
        }
    )


class ErasureTotalRow(Row, table=True):
    """How often each rule has erased."""

    __tablename__ = "erasure_total"

    rule: str = Field(primary_key=True)
    count: int = Field(sa_type=BigInteger)


class HeldKeyRow(Row, table=True):
    """A key that erasure took out of use, and that is kept until the last of its holds ends."""

    __tablename__ = "held_key"
    __table_args__ = (
        Index("ix_held_key_master", "master"),
        {
            "comment": "Keys that erasure took out of use, and that are destroyed when the last of"
            " these holds ends."
        },
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    master: int
    wrapped: bytes
    holds: list[UUID] = Field(sa_type=ARRAY(Uuid))


class LegalHoldRow(Row, table=True):
    """A legal hold of an agency on a referral or its case, until it is lifted."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        Index(
            "ix_legal_hold_open",
            "case_id",
            "referral_id",
            "agency_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(
            "ix_legal_hold_agency",
            "agency_id",
            text("set_at DESC"),
            text("id DESC"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(
            "ix_legal_hold_until",
            "until",
            postgresql_where=text("lifted_at IS NULL AND reminded_at IS NULL"),
        ),
        {"comment": "Shown to nobody but the agency that holds."},
    )

    id: UUID = Field(primary_key=True)
    agency_id: str
    case_id: UUID = Field(foreign_key="case.id")
    referral_id: UUID = Field(foreign_key="referral.id")
    whole_case: bool
    reason: str
    set_at: datetime
    lifted_at: datetime | None
    until: datetime
    reminded_at: datetime | None
