"""Every table that the migrations make, declared once more to be read in one place.

Alembic compares them with the database to draft a migration, and a test fails as soon as
declarations and migrations differ. The service itself does not use them: it calls functions of the
database through asyncpg.
"""

from app.adapters.access import tables as access
from app.adapters.acts import tables as acts
from app.adapters.consents import tables as consents
from app.adapters.consents.rules import purpose_flows
from app.adapters.database.row import Row, use_plain_types
from app.adapters.database.rules import Rules
from app.adapters.deliveries import tables as deliveries
from app.adapters.directory import tables as directory
from app.adapters.disclosures import tables as disclosures
from app.adapters.erasure import tables as erasure
from app.adapters.inbox import tables as inbox
from app.adapters.keys import tables as keys
from app.adapters.log import tables as log
from app.adapters.referrals import tables as referrals
from app.adapters.referrals.rules import deadline_kinds
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
"""The modules that declare tables: importing them is enough."""

use_plain_types(Row.metadata)

TABLES = Row.metadata
"""The metadata for Alembic."""

RULES: Rules = {
    TABLES.tables["purpose_flow"]: frozenset(purpose_flows()),
    TABLES.tables["deadline_kind"]: frozenset(deadline_kinds()),
}
"""What the domain says once, for functions of the database to read as well."""
