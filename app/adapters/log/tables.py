"""The append-only log, a Merkle tree over everything that was accepted, read or refused."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlmodel import Field

from app.adapters.database.row import TEXTS, Row


class LogEntryRow(Row, table=True):
    """An event: who did what, in which case. Never updated."""

    __tablename__ = "log_entry"
    __table_args__ = (
        Index(
            "ix_log_entry_disclosure",
            "message_id",
            "agency_id",
            "at",
            "id",
            postgresql_where=text("kind = 'disclosure' AND detail -> 'classes' <> '[]'"),
        ),
        Index("ix_log_entry_case", "case_id", "at", postgresql_where=text("case_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    at: datetime
    kind: str
    agency_id: str | None
    seat_id: str | None
    client_id: str | None
    case_id: UUID | None
    referral_id: UUID | None
    message_id: UUID | None
    agencies: list[str] = Field(
        sa_type=TEXTS,
        sa_column_kwargs={"comment": "The agencies that the entry names, which may read it."},
    )
    detail: dict[str, Any] = Field(sa_type=JSONB)


class ServiceClockRow(Row, table=True):
    """Whether entries must have the time of their transaction. One row, which the owner changes."""

    __tablename__ = "service_clock"
    __table_args__ = (
        CheckConstraint("singleton", name="singleton"),
        {
            "comment": "Whether entries of the log must have their transaction's time: not where"
            " the service's clock is moved, for development."
        },
    )

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    checked: bool = Field(sa_column_kwargs={"server_default": text("true")})


class DayCountRow(Row, table=True):
    """How much of a kind an agency has done on the last day on which it did any."""

    __tablename__ = "day_count"
    __table_args__ = (
        {"comment": "What an agency has done on a day, of what one may not do too much on a day."},
    )

    agency_id: str = Field(primary_key=True, foreign_key="agency.id")
    kind: str = Field(primary_key=True)
    other: str = Field(
        primary_key=True,
        sa_column_kwargs={"comment": "The agency that it did it to; empty: to any."},
    )
    day: date
    used: int


class LogPendingRow(Row, table=True):
    """An entry that waits to be sealed into the tree."""

    __tablename__ = "log_pending"

    entry_id: UUID
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity(always=True)])


class LogLeafRow(Row, table=True):
    """An entry's place in the tree, and its hash there. Never updated."""

    __tablename__ = "log_leaf"

    index: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    entry_id: UUID = Field(unique=True)
    hash: bytes


class LogTreeRow(Row, table=True):
    """The only row: how many leaves there are. The sealer locks it."""

    __tablename__ = "log_tree"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: bool = Field(primary_key=True, sa_column_kwargs={"server_default": text("true")})
    size: int = Field(sa_type=BigInteger)
    hashed: int = Field(
        sa_type=BigInteger,
        sa_column_kwargs={
            "server_default": text("0"),
            "comment": "How many leaves the nodes and the frontier cover.",
        },
    )
    frontier: list[bytes] = Field(
        sa_type=ARRAY(BYTEA),
        sa_column_kwargs={"server_default": text("'{}'")},
    )


class LogNodeRow(Row, table=True):
    """The hash over a complete subtree above the leaves. Never updated."""

    __tablename__ = "log_node"
    __table_args__ = (
        CheckConstraint("level > 0", name="level"),
        {
            "comment": "Complete subtrees: that of (level, number) covers the 2^level leaves"
            " from number * 2^level."
        },
    )

    level: int = Field(
        primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False}
    )
    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    hash: bytes


class LogCheckpointRow(Row, table=True):
    """A checkpoint: a signed note about the tree. Never updated."""

    __tablename__ = "log_checkpoint"

    size: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    root: bytes
    note: str
    at: datetime


class LogReaderRow(Row, table=True):
    """An agency that an entry names, and which may therefore read it. Never updated."""

    __tablename__ = "log_reader"
    __table_args__ = (
        Index("ix_log_reader_entry", "entry_id", "agency_id", unique=True),
        Index(
            "ix_log_reader_about",
            "agency_id",
            "about",
            "acting_agency",
            "kind",
            "index",
            postgresql_where=text("about IS NOT NULL"),
        ),
        {"comment": "Which agency an entry names, by its place in the tree."},
    )

    agency_id: str = Field(primary_key=True)
    index: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    entry_id: UUID
    about: UUID | None = Field(
        sa_column_kwargs={
            "comment": "The message that the entry tells of, otherwise its case; null if it has"
            " none, is an acceptance, a sharing or an opening."
        }
    )
    acting_agency: str | None = Field(
        sa_column_kwargs={"comment": "Who did it; empty: no agency. Null where `about` is."}
    )
    kind: str | None = Field(
        sa_column_kwargs={"comment": "The kind of the entry. Null where `about` is."}
    )
