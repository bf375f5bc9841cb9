"""What the entries of the log that tell of a case or a message are about, beside their readers."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_149"
down_revision = "2026_11_28_133"
branch_labels = None
depends_on = None

ADDED = {
    "about": (
        sa.Uuid,
        "The message that the entry tells of, otherwise its case; null if it has none, is an"
        " acceptance, a sharing or an opening.",
    ),
    "acting_agency": (sa.Text, "Who did it; empty: no agency. Null where `about` is."),
    "kind": (sa.Text, "The kind of the entry. Null where `about` is."),
}


def upgrade() -> None:
    for column, (of_type, comment) in ADDED.items():
        op.add_column("log_reader", sa.Column(column, of_type, comment=comment))
    op.execute("""
        ALTER TABLE log_reader DISABLE TRIGGER append_only;
        UPDATE log_reader r SET about = coalesce(e.message_id, e.case_id),
            acting_agency = coalesce(e.agency_id, ''), kind = e.kind
        FROM log_entry e WHERE e.id = r.entry_id AND e.case_id IS NOT NULL
            AND e.kind NOT IN ('acceptance', 'sharing', 'disclosure');
        ALTER TABLE log_reader ENABLE TRIGGER append_only;
        CREATE INDEX ix_log_reader_about ON log_reader
            (agency_id, about, acting_agency, kind, index) WHERE about IS NOT NULL;
    """)


def downgrade() -> None:
    op.execute("DROP INDEX ix_log_reader_about")
    for column in ADDED:
        op.drop_column("log_reader", column)
