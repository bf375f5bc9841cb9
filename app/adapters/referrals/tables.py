"""Cases and referrals, who takes part in them, and messages as sealed segments."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Identity, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class CaseRow(Row, table=True):
    """Referrals that belong together. Its row is the lock for all changes to them."""

    __tablename__ = "case"

    id: UUID = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    lead: str | None
    opened_at: datetime
    latest_at: datetime = Field(
        sa_column_kwargs={
            "server_default": text("now()"),
            "comment": "When its last message was accepted:"
            " no later one is accepted with an earlier time.",
        }
    )


class ReferralRow(Row, table=True):
    """One person's referral through one flow: its state, and the facts that guards need."""

    __tablename__ = "referral"
    __table_args__ = (
        Index("ix_referral_case", "case_id"),
        Index("ix_referral_parent", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_referral_unsealed", "id", postgresql_where=text("NOT facts_sealed")),
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
    facts_sealed: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "Whether no fact of C1 to C8 is in clear, here or in a view of it.",
        }
    )
    stops: dict[str, Any] = Field(
        sa_type=JSONB,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "Who led into its side states, and how often each of these ended again.",
        },
    )


class ReferralKeyRow(Row, table=True):
    """The key of one data class of a referral, wrapped by a master key. Erasure deletes the row."""

    __tablename__ = "referral_key"
    __table_args__ = (Index("ix_referral_key_master", "master"),)

    referral_id: UUID = Field(primary_key=True)
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    master: int
    wrapped: bytes


class PartyRow(Row, table=True):
    """An agency's part in a referral, and the referral as this agency has seen it."""

    __tablename__ = "party"
    __table_args__ = (
        Index("ix_party_agency", "agency_id", text("updated_at DESC"), text("referral_id DESC")),
    )

    referral_id: UUID = Field(primary_key=True)
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


class DeadlineRow(Row, table=True):
    """A deadline of an agency in a referral; `told_at` is when the agency was reminded of it."""

    __tablename__ = "deadline"
    __table_args__ = (
        Index(
            "ix_deadline_ask",
            text("coalesce(ask_on, due_on)"),
            postgresql_where=text("told_at IS NULL"),
        ),
        Index("ix_deadline_agency", "agency_id", "due_on", "referral_id"),
    )

    referral_id: UUID = Field(primary_key=True, foreign_key="referral.id")
    agency_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    due_on: date
    told_at: datetime | None
    ask_on: date | None = Field(
        sa_column_kwargs={
            "comment": "When to look again whether the agency may know of it; null: on the day"
            " itself."
        }
    )


class SettlementRow(Row, table=True):
    """A settlement as the statistics count it. It does not name the referral."""

    __tablename__ = "settlement"
    __table_args__ = (Index("ix_settlement_center", "center_id", "fiscal_year"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    center_id: str
    fiscal_year: int
    category: str
    age_bracket: str
    residence_kind: str


class MessageRow(Row, table=True):
    """An accepted message: its envelope, and the answer its sender got. Never updated."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_referral", "referral_id"),
        Index("ix_message_corrects", "corrects", postgresql_where=text("corrects IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    referral_id: UUID
    type: str
    from_party: str
    from_agency: str | None
    from_seat: str | None
    caller_agency: str | None
    recipients: list[dict[str, Any]] = Field(sa_type=JSONB)
    occurred_on: date
    accepted_at: datetime
    legal_basis: str | None
    urgency: str
    in_reply_to: UUID | None
    corrects: UUID | None
    consent_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    paper_origin: dict[str, Any] | None = Field(sa_type=JSONB)
    facts: list[str] = Field(sa_type=TEXTS)
    digest: str
    class_digests: dict[str, Any] = Field(sa_type=JSONB)
    mac: bytes | None = Field(
        sa_column_kwargs={
            "comment": "Keyed hash of what was sent, under the key of the referral:"
            " whether a repeat says the same."
        }
    )
    receipt: str | None
    state_after: str = Field(
        sa_column_kwargs={
            "comment": "With digest, receipt and version_after the first answer,"
            " which every repeat gets."
        }
    )
    version_after: str


class SegmentRow(Row, table=True):
    """The content of a message in one data class, sealed. Unreadable without its key."""

    __tablename__ = "segment"

    message_id: UUID = Field(primary_key=True)
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    sealed: bytes


class CopyRow(Row, table=True):
    """An agency's right to read a message: as which party, and in which data classes."""

    __tablename__ = "copy"
    __table_args__ = (
        UniqueConstraint("agency_id", "referral_id", "number"),
        Index("ix_copy_message", "message_id"),
        Index("ix_copy_keys", "agency_id", "message_referral_id"),
        {
            "comment": "Who may read which message: through which referral, in which classes,"
            " as its how many-eth."
        },
    )

    agency_id: str = Field(primary_key=True)
    message_id: UUID = Field(primary_key=True)
    referral_id: UUID
    message_referral_id: UUID
    party: str
    number: int = Field(sa_type=BigInteger)
    classes: list[str] = Field(sa_type=TEXTS)
    sent: bool
    recalled_at: datetime | None
    rests_on: list[UUID] = Field(
        sa_type=ARRAY(Uuid),
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "The consents by which this reader was told; in a sender's copy,"
            " all by which it told.",
        },
    )
    kept: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "The classes of a recalled copy that its reader had opened:"
            " its evidence bundles have them.",
        },
    )
    lacking: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "The classes that it would have with consent. A consent that covers"
            " them moves them to `classes`.",
        },
    )
    completions: list[dict[str, Any]] = Field(
        sa_type=JSONB,
        sa_column_kwargs={
            "server_default": text("'[]'"),
            "comment": "What consents added to it later: when, which classes, on which consents,"
            " and which of these were new to it.",
        },
    )


class DeadlineKindRow(Row, table=True):
    """The data class of a kind of deadline."""

    __tablename__ = "deadline_kind"
    __table_args__ = ({"comment": "The data class that a deadline of each kind tells."},)

    kind: str = Field(primary_key=True)
    class_: str = Field(sa_column_kwargs={"name": "class"})
