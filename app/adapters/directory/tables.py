"""The directory: agencies, the areas they are responsible for, and their seats and clients."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CHAR, BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class AgencyRow(Row, table=True):
    """An agency: a center, an office, a prison, …, connected to the service or reached on paper."""

    __tablename__ = "agency"
    __table_args__ = (
        CheckConstraint("id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 64", name="id"),
    )

    id: str = Field(primary_key=True)
    kind: str
    name: str
    name_en: str | None
    prefecture: str = Field(sa_type=CHAR(2))
    poi_code: str | None
    connected: bool
    services: dict[str, Any] = Field(
        sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    note: str | None
    disabled_at: datetime | None


class JurisdictionRow(Row, table=True):
    """An area that an agency is responsible for, in one flow or (without `flow`) in every one."""

    __tablename__ = "jurisdiction"
    __table_args__ = (
        UniqueConstraint("agency_id", "flow", "area", postgresql_nulls_not_distinct=True),
    )
    # The table has no primary key, since `flow` may be missing; an object needs one all the same.
    __mapper_args__: ClassVar[dict[str, Any]] = {"primary_key": ["agency_id", "flow", "area"]}

    agency_id: str = Field(foreign_key="agency.id")
    flow: str | None
    area: str = Field(sa_type=CHAR(6))


class SeatRow(Row, table=True):
    """A post in an agency, with the data classes that may be opened from it."""

    __tablename__ = "seat"
    __table_args__ = (
        CheckConstraint("length(id) <= 128", name="id"),
        Index("ix_seat_agency", "agency_id"),
    )

    id: str = Field(primary_key=True)
    agency_id: str = Field(foreign_key="agency.id")
    name: str
    role: str
    classes: list[str] = Field(sa_type=TEXTS)
    created_at: datetime
    disabled_at: datetime | None


class ClientRow(Row, table=True):
    """A system of an agency that asks for tokens, by a secret or by a key of its own."""

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("length(id) <= 128", name="id"),
        Index("ix_client_agency", "agency_id"),
    )

    id: str = Field(primary_key=True)
    agency_id: str = Field(foreign_key="agency.id")
    name: str
    secret_hash: str | None
    public_jwk: dict[str, Any] | None = Field(sa_type=JSONB)
    created_at: datetime
    disabled_at: datetime | None
    dpop_required: bool = Field(
        sa_column_kwargs={
            "server_default": text("false"),
            "comment": "Whether it gets only tokens bound to a key (RFC 9449).",
        }
    )


class ClientSeatRow(Row, table=True):
    """A seat that a client may speak for; the one at the first position when it names none."""

    __tablename__ = "client_seat"
    __table_args__ = (UniqueConstraint("client_id", "position"),)

    client_id: str = Field(primary_key=True, foreign_key="client.id")
    seat_id: str = Field(primary_key=True, foreign_key="seat.id")
    position: int


class DirectoryVersionRow(Row, table=True):
    """The only row: how many times the directory has changed. A trigger counts."""

    __tablename__ = "directory_version"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    version: int = Field(sa_type=BigInteger)
