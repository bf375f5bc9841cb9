"""The map of the database: every table that the migrations build, declared once more to be read.

It also tells Alembic what a new migration lacks, and a test fails as soon as map and migrations
differ. The service itself asks in SQL through asyncpg, since what it needs are functions, row
security and arrays of rows; these declarations know nothing of them.
"""

from app.adapters.tables import (
    acts,
    cases,
    deliveries,
    directory,
    disclosures,
    erasures,
    inbox,
    keys,
    log,
    returns,
    tokens,
    webhooks,
)
from app.adapters.tables.row import Row, use_plain_types

SUBJECTS = (
    acts,
    cases,
    deliveries,
    directory,
    disclosures,
    erasures,
    inbox,
    keys,
    log,
    returns,
    tokens,
    webhooks,
)
"""Whose tables there are: importing them declares them."""

use_plain_types(Row.metadata)

TABLES = Row.metadata
"""All of them, as Alembic wants them."""
