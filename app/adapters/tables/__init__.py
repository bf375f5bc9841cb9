"""The map of the database: every table that the migrations build, declared once more to be read.

It also tells Alembic what a new migration lacks, and a test fails as soon as map and migrations
differ. The service itself asks in SQL through asyncpg, since what it needs are functions, row
security and arrays of rows; these declarations know nothing of them.
"""

from app.adapters.tables.acts import Act, LegalHold
from app.adapters.tables.cases import (
    Case,
    Consent,
    Deadline,
    MasterRetirement,
    MasterUnused,
    Party,
    Referral,
    ReferralKey,
    Settlement,
)
from app.adapters.tables.deliveries import DeliveryTerm, Recall
from app.adapters.tables.directory import (
    Agency,
    AssertionSeen,
    Client,
    ClientSeat,
    DirectoryVersion,
    Jurisdiction,
    Seat,
)
from app.adapters.tables.erasures import Erasure, ErasureTotal, Retention
from app.adapters.tables.log import (
    LogCheckpoint,
    LogEntry,
    LogLeaf,
    LogNode,
    LogPending,
    LogReader,
    LogTree,
)
from app.adapters.tables.messages import Copy, InboxItem, Mailbox, Message, Segment, Shown
from app.adapters.tables.returns import ReturnRequest
from app.adapters.tables.row import Row, use_plain_types
from app.adapters.tables.tokens import (
    Lockout,
    RevokedToken,
    SecretFailure,
    TokenClock,
    TokenStop,
)
from app.adapters.tables.webhooks import Attempt, AttemptTotal, Notice, Webhook

__all__ = [
    "TABLES",
    "Act",
    "Agency",
    "AssertionSeen",
    "Attempt",
    "AttemptTotal",
    "Case",
    "Client",
    "ClientSeat",
    "Consent",
    "Copy",
    "Deadline",
    "DeliveryTerm",
    "DirectoryVersion",
    "Erasure",
    "ErasureTotal",
    "InboxItem",
    "Jurisdiction",
    "LegalHold",
    "Lockout",
    "LogCheckpoint",
    "LogEntry",
    "LogLeaf",
    "LogNode",
    "LogPending",
    "LogReader",
    "LogTree",
    "Mailbox",
    "MasterRetirement",
    "MasterUnused",
    "Message",
    "Notice",
    "Party",
    "Recall",
    "Referral",
    "ReferralKey",
    "Retention",
    "ReturnRequest",
    "RevokedToken",
    "Seat",
    "SecretFailure",
    "Segment",
    "Settlement",
    "Shown",
    "TokenClock",
    "TokenStop",
    "Webhook",
]

use_plain_types(Row.metadata)

TABLES = Row.metadata
"""All of them, as Alembic wants them."""
