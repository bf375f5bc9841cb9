"""The map of the database: every table that the migrations build, declared once more to be read.

It also tells Alembic what a new migration lacks, and a test fails as soon as map and migrations
differ. The service itself asks in SQL through asyncpg, since what it needs are functions, row
security and arrays of rows; these declarations know nothing of them.
"""

from app.adapters.access import tables as access
from app.adapters.acts import tables as acts
from app.adapters.consents import tables as consents
from app.adapters.database.row import Row, use_plain_types
from app.adapters.deliveries import tables as deliveries
from app.adapters.directory import tables as directory
from app.adapters.disclosures import tables as disclosures
from app.adapters.erasure import tables as erasure
from app.adapters.inbox import tables as inbox
from app.adapters.keys import tables as keys
from app.adapters.log import tables as log
from app.adapters.referrals import tables as referrals
from app.adapters.webhooks import tables as webhooks

SUBJECTS = (
    access,
    acts,
    consents,
    deliveries,
    directory,
    disclosures,
    erasure,
    inbox,
    keys,
    log,
    referrals,
    webhooks,
)
"""Whose tables there are: importing them declares them."""

use_plain_types(Row.metadata)

TABLES = Row.metadata
"""All of them, as Alembic wants them."""
