"""Messages of one referral that were shared with an agency of another."""

from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class ShownRow(Row, table=True):
    """An older message that a message shared with one of its recipients."""

    __tablename__ = "shown"
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
