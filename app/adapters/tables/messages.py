"""Messages as sealed segments, who may read them, and the mailboxes where they wait."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.tables.row import TEXTS, Row

_COUNT = {"server_default": text("0")}


class Message(Row, table=True):
    """An accepted message: its envelope, and the answer its sender got. Never updated."""

    __table_args__ = (
        Index("ix_message_referral", "referral_id"),
        Index("ix_message_corrects", "corrects", postgresql_where=text("corrects IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(foreign_key="referral.id")
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


class Segment(Row, table=True):
    """What a message says in one data class, sealed. Never updated; unreadable without its key."""

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    class_: str = Field(primary_key=True, sa_column_kwargs={"name": "class"})
    sealed: bytes


class Copy(Row, table=True):
    """An agency's right to read a message: as which party, and in which data classes."""

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
    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
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


class Shown(Row, table=True):
    """An older message that a message showed to one of its recipients."""

    __table_args__ = (
        Index("ix_shown_reader", "shown_id", "agency_id"),
        {
            "comment": "Older messages that a message showed to its recipients, also to those who"
            " had them already: its sender may not learn which these are."
        },
    )

    message_id: UUID = Field(primary_key=True, foreign_key="message.id")
    agency_id: str = Field(primary_key=True)
    shown_id: UUID = Field(primary_key=True, foreign_key="message.id")
    party: str
    classes: list[str] = Field(sa_type=TEXTS)


class Mailbox(Row, table=True):
    """An agency's mailbox: its last position, and how many items were opened and acknowledged."""

    agency_id: str = Field(primary_key=True, foreign_key="agency.id")
    head: int = Field(sa_type=BigInteger, sa_column_kwargs=_COUNT)
    opened: int = Field(sa_type=BigInteger, sa_column_kwargs=_COUNT)
    acknowledged: int = Field(sa_type=BigInteger, sa_column_kwargs=_COUNT)


class InboxItem(Row, table=True):
    """Something that waits for an agency, at its position in the mailbox: an envelope, no body."""

    __tablename__ = "inbox_item"
    __table_args__ = (
        Index(
            "ix_inbox_message",
            "agency_id",
            "message_id",
            unique=True,
            postgresql_where=text("message_id IS NOT NULL AND kind = 'message'"),
        ),
        Index(
            "ix_inbox_unacknowledged",
            "agency_id",
            "position",
            postgresql_where=text("acknowledged_at IS NULL"),
        ),
        Index(
            "ix_inbox_waiting",
            "agency_id",
            "position",
            postgresql_where=text("opened_at IS NULL AND acknowledged_at IS NULL"),
        ),
        Index(
            "ix_inbox_withdrawn",
            "agency_id",
            "referral_id",
            postgresql_where=text("withdrawn"),
        ),
    )

    agency_id: str = Field(primary_key=True, foreign_key="mailbox.agency_id")
    position: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str
    referral_id: UUID | None
    message_id: UUID | None
    type: str
    from_party: str | None
    from_agency: str | None
    urgency: str
    accepted_at: datetime
    to_print: bool = Field(sa_column_kwargs={"server_default": text("false")})
    opened_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    recalled_at: datetime | None
    printed_at: datetime | None
    printed_by: str | None
    withdrawn: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "Taken back with the consent and not by the sender:"
            " a new consent gives it again.",
        }
    )
