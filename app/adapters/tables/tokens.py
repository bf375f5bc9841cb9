"""What ends tokens before they expire."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.adapters.tables.row import Row


class TokenClock(Row, table=True):
    """The only row: how many stops there have been. A token says how many when it was issued."""

    __tablename__ = "token_clock"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    stops: int = Field(sa_type=BigInteger)


class TokenStop(Row, table=True):
    """An agency, seat or client whose tokens from before this number are dead."""

    __tablename__ = "token_stop"

    kind: str = Field(
        primary_key=True,
        sa_column_kwargs={"comment": "What was stopped: agency, seat or client."},
    )
    id: str = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger, unique=True)


class RevokedToken(Row, table=True):
    """A token that its client gave back, kept until it would have expired."""

    __tablename__ = "revoked_token"
    __table_args__ = (
        Index("ix_revoked_token_client", "client_id"),
        Index("ix_revoked_token_expires", "expires_at"),
    )

    jti: UUID = Field(primary_key=True)
    client_id: str
    number: int = Field(sa_type=BigInteger, unique=True)
    expires_at: datetime
