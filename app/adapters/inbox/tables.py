"""Mailboxes and the items in them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlmodel import Field

from app.adapters.database.row import Row

_NONE_YET = {"server_default": text("0")}


class MailboxRow(Row, table=True):
    """An agency's mailbox: its last position, and how many items were opened and acknowledged.

    `changes` counts the changes of referrals that the agency has seen.
    """

    __tablename__ = "mailbox"

    agency_id: str = Field(primary_key=True, foreign_key="agency.id")
    head: int = Field(sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    opened: int = Field(sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    acknowledged: int = Field(sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    changes: int = Field(sa_type=BigInteger, sa_column_kwargs=_NONE_YET)
    latest_at: datetime | None = Field(
        sa_column_kwargs={
            "comment": "The latest time in this mailbox:"
            " nothing is put into it with an earlier one."
        }
    )


class ReferralChangeRow(Row, table=True):
    """Where the last change of a referral stands among all that an agency saw change.

    The number is taken from the agency's mailbox, which stays locked until the commit: numbers are
    in the order of commits, and whoever has seen one has seen all before it.
    """

    __tablename__ = "referral_change"
    __table_args__ = (
        UniqueConstraint("agency_id", "number"),
        {
            "comment": "Where the last change of a referral stands"
            " among all that an agency saw change."
        },
    )

    agency_id: str = Field(primary_key=True)
    referral_id: UUID = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)


class InboxItemRow(Row, table=True):
    """An item for an agency, at its position in the mailbox: an envelope without the body."""

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

    agency_id: str = Field(primary_key=True)
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
    paper_received_on: date | None = Field(
        sa_column_kwargs={"comment": "With paper_medium: how it came, if it was keyed in."}
    )
    paper_medium: str | None
    acknowledged_as_tombstone: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "It had been taken back when it was acknowledged: its recipient did not"
            " receive it by that.",
        }
    )
    tombstones: Any = Field(
        sa_type=TSTZMULTIRANGE,
        nullable=False,
        sa_column_kwargs={
            "server_default": text("'{}'"),
            "comment": "When it had been taken back with the consent and was not yet given again.",
        },
    )
