"""The tables."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, JSON, BigInteger, String
from sqlmodel import Field, Relationship, SQLModel


class Agency(SQLModel, table=True):
    """An agency, and for an institution the probation office that it notifies."""

    id: str = Field(primary_key=True)
    office_id: str | None = Field(default=None, foreign_key="agency.id")


class Mailbox(SQLModel, table=True):
    """The inbox of an agency, and the position of its last item."""

    agency_id: str = Field(primary_key=True, foreign_key="agency.id")
    head: int = Field(default=0, sa_type=BigInteger)


class Case(SQLModel, table=True):
    """A person's case."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    version: int = 1
    opened_at: datetime

    referrals: list["Referral"] = Relationship(back_populates="case")


class Referral(SQLModel, table=True):
    """A referral of a case."""

    id: UUID = Field(primary_key=True)
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True, nullable=False)
    flow: str
    state: str
    opened_at: datetime

    case: Case = Relationship(back_populates="referrals")
    parties: list["Party"] = Relationship(back_populates="referral")
    keys: list["ReferralKey"] = Relationship(back_populates="referral")
    messages: list["Message"] = Relationship(back_populates="referral")
    deadlines: list["Deadline"] = Relationship(back_populates="referral")


class Party(SQLModel, table=True):
    """An agency's part in a referral."""

    referral_id: UUID | None = Field(default=None, foreign_key="referral.id", primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", primary_key=True)
    name: str
    classes: list[str] = Field(sa_type=ARRAY(String))
    since: datetime
    until: datetime | None = None

    referral: Referral = Relationship(back_populates="parties")


class ReferralKey(SQLModel, table=True):
    """The key of a referral for one data class, wrapped by the master key."""

    referral_id: UUID | None = Field(default=None, foreign_key="referral.id", primary_key=True)
    data_class: str = Field(primary_key=True)
    wrapped: bytes

    referral: Referral = Relationship(back_populates="keys")


class Message(SQLModel, table=True):
    """A message without its body, with what was answered to its sender."""

    id: UUID = Field(primary_key=True)
    referral_id: UUID | None = Field(
        default=None, foreign_key="referral.id", index=True, nullable=False
    )
    type: str
    from_agency: str = Field(foreign_key="agency.id")
    from_seat: str
    urgency: str
    legal_basis: str | None = None
    occurred_on: date
    accepted_at: datetime
    state_after: str
    digest: str
    receipt: str
    mac: bytes
    """A keyed hash of the request, to compare a repeat with."""

    referral: Referral = Relationship(back_populates="messages")
    segments: list["Segment"] = Relationship(back_populates="message")
    copies: list["Copy"] = Relationship(back_populates="message")


class Segment(SQLModel, table=True):
    """The fields of one data class of a body, sealed."""

    message_id: UUID | None = Field(default=None, foreign_key="message.id", primary_key=True)
    data_class: str = Field(primary_key=True)
    digest: str
    sealed: bytes

    message: Message = Relationship(back_populates="segments")


class Copy(SQLModel, table=True):
    """An agency's copy of a message, and the classes that it may open."""

    message_id: UUID | None = Field(default=None, foreign_key="message.id", primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", primary_key=True, index=True)
    party: str
    classes: list[str] = Field(sa_type=ARRAY(String))
    sent: bool

    message: Message = Relationship(back_populates="copies")


class InboxItem(SQLModel, table=True):
    """An item in an inbox."""

    agency_id: str = Field(foreign_key="mailbox.agency_id", primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    message_id: UUID | None = Field(
        default=None, foreign_key="message.id", index=True, nullable=False
    )
    type: str
    from_agency: str
    urgency: str
    accepted_at: datetime
    opened_at: datetime | None = None
    acknowledged_at: datetime | None = None

    message: Message = Relationship()


class Deadline(SQLModel, table=True):
    """A day by which an agency has to act on a referral."""

    referral_id: UUID | None = Field(default=None, foreign_key="referral.id", primary_key=True)
    agency_id: str = Field(foreign_key="agency.id", primary_key=True)
    kind: str = Field(primary_key=True)
    due_on: date = Field(index=True)

    referral: Referral = Relationship(back_populates="deadlines")


class LogEntry(SQLModel, table=True):
    """An entry of the log: who did what, without any content."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    at: datetime = Field(index=True)
    kind: str
    agency_id: str = Field(foreign_key="agency.id")
    seat_id: str
    client_id: str
    message_id: UUID | None = Field(default=None, foreign_key="message.id", nullable=False)
    detail: dict[str, Any] = Field(sa_type=JSON)

    message: Message = Relationship()
