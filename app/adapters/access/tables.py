"""Stopped and revoked tokens, lockouts, and client assertions that were used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from app.adapters.database.row import Row


class TokenClockRow(Row, table=True):
    """The only row: how many stops there have been, so that a process may ask for the new ones."""

    __tablename__ = "token_clock"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    stops: int = Field(sa_type=BigInteger)


class TokenStopRow(Row, table=True):
    """An agency, seat or client whose tokens were stopped: how often, and as which of all stops."""

    __tablename__ = "token_stop"

    kind: str = Field(
        primary_key=True,
        sa_column_kwargs={"comment": "What was stopped: agency, seat or client."},
    )
    id: str = Field(primary_key=True)
    times: int
    number: int = Field(sa_type=BigInteger, unique=True)


class RevokedTokenRow(Row, table=True):
    """A token that its client revoked, kept until it would have expired."""

    __tablename__ = "revoked_token"
    __table_args__ = (
        Index("ix_revoked_token_client", "client_id"),
        Index("ix_revoked_token_expires", "expires_at"),
    )

    jti: UUID = Field(primary_key=True)
    client_id: str
    number: int = Field(sa_type=BigInteger, unique=True)
    expires_at: datetime


class SecretFailureRow(Row, table=True):
    """Wrong secrets for a client id from one place, and until when it is locked out."""

    __tablename__ = "secret_failure"
    __table_args__ = (Index("ix_secret_failure_forget", "forget_at"),)

    key: bytes = Field(
        primary_key=True,
        sa_column_kwargs={"comment": "SHA-256 of a client id and of where the calls came from."},
    )
    failures: int
    since: datetime
    locks: int = Field(sa_column_kwargs={"server_default": text("0")})
    locked_until: datetime | None
    forget_at: datetime


class SecretSuccessRow(Row, table=True):
    """Where the secret of a client was right lately."""

    __tablename__ = "secret_success"
    __table_args__ = (Index("ix_secret_success_at", "at"),)

    key: bytes = Field(
        primary_key=True,
        sa_column_kwargs={"comment": "SHA-256 of a client id and of where the call came from."},
    )
    at: datetime


class LockoutRow(Row, table=True):
    """A client that was locked out: when its agency is to be notified, and was notified."""

    __tablename__ = "lockout"
    __table_args__ = (
        Index("ix_lockout_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    client_id: str = Field(primary_key=True, foreign_key="client.id")
    untold: int = Field(
        sa_column_kwargs={"comment": "How many locks its agency has not been told of."}
    )
    next_at: datetime | None
    told_at: datetime | None


class AssertionSeenRow(Row, table=True):
    """A client assertion that was used, kept until it expires, so that it cannot be replayed."""

    __tablename__ = "assertion_seen"
    __table_args__ = (Index("ix_assertion_seen_expires", "expires_at"),)

    client_id: str = Field(primary_key=True)
    jti_hash: bytes = Field(primary_key=True)
    expires_at: datetime
