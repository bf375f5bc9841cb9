"""Cases and referrals, and who takes part in them with whose consent."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.tables.row import TEXTS, Row


class Case(Row, table=True):
    """Referrals that belong together, and the one lock for all that happens in them."""

    id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    lead: str | None
    opened_at: datetime


class Referral(Row, table=True):
    """One person's way through one flow: the state it is in, and what its guards need to know."""

    __table_args__ = (
        Index("ix_referral_case", "case_id"),
        Index("ix_referral_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    flow: str
    reference: str = Field(unique=True)
    state: str
    back: list[str] = Field(sa_type=TEXTS)
    facts: dict[str, Any] = Field(sa_type=JSONB)
    parent_id: UUID | None = Field(foreign_key="referral.id")
    opened_at: datetime
    erased_at: datetime | None
    erased_reason: str | None
    erased_classes: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "No message of these classes is taken any more.",
        },
    )


class ReferralKey(Row, table=True):
    """The key of one data class of a referral, wrapped by a master key. Erasure deletes the row."""

    __tablename__ = "referral_key"
    __table_args__ = (Index("ix_referral_key_master", "master"),)

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    master: int
    wrapped: bytes


class MasterUnused(Row, table=True):
    """An old master key under which nothing lies any more, since when."""

    __tablename__ = "master_unused"
    __table_args__ = {  # noqa: RUF012 - as SQLAlchemy wants it
        "comment": "Old master keys that nothing is under any more:"
        " backups may hold rows from before `since`."
    }

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    since: datetime


class MasterRetirement(Row, table=True):
    """A master key that two operators let go: workers remove it when no backup needs it."""

    __tablename__ = "master_retirement"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    act_id: UUID
    approved_at: datetime
    done_at: datetime | None = Field(
        sa_column_kwargs={"comment": "When the first worker had removed the key."}
    )


class Party(Row, table=True):
    """An agency's part in a referral, and the referral as this agency has seen it."""

    __table_args__ = (
        Index("ix_party_agency", "agency_id", text("updated_at DESC"), text("referral_id DESC")),
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    agency_id: str = Field(primary_key=True)
    name: str
    classes: list[str] = Field(sa_type=TEXTS)
    by_consent: bool
    since: datetime
    until: datetime | None
    flow: str
    state: str
    number: int = Field(sa_type=BigInteger)
    view: dict[str, Any] = Field(
        sa_type=JSONB,
        sa_column_kwargs={
            "comment": "The referral as this party has seen it."
            " Nothing that it may not read changes this row."
        },
    )
    updated_at: datetime


class Consent(Row, table=True):
    """What a person agreed to: a purpose, recipients, data classes and days, and its withdrawal."""

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


class Deadline(Row, table=True):
    """A day by which an agency has to do something in a referral; `told_at` once it was told."""

    __table_args__ = (
        Index("ix_deadline_due", "due_on", postgresql_where=text("told_at IS NULL")),
        Index("ix_deadline_agency", "agency_id", "due_on", "referral_id"),
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    agency_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    due_on: date
    told_at: datetime | None


class Settlement(Row, table=True):
    """A settlement as the statistics count it, without a way back to the referral."""

    __table_args__ = (Index("ix_settlement_center", "center_id", "fiscal_year"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    center_id: str
    fiscal_year: int
    category: str
    age_bracket: str
    residence_kind: str
