"""When given copies are late, what consents added to copies, and what consents were before.

Terms of copies that were given back before count from when their messages were accepted, as they
did. What was completed or retracted before counts as if it had always been so.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_28_133"
down_revision = "2026_11_28_145"
branch_labels = None
depends_on = None

ADDED = {
    "consent": (
        "before_retractions",
        "What it was before each retraction of its withdrawal, and when that came:"
        " agencies whose part had ended see it so.",
    ),
    "copy": (
        "completions",
        "What consents added to it later: when, which classes, on which consents, and which of"
        " these were new to it.",
    ),
}


def upgrade() -> None:
    op.execute("""
        CREATE TABLE returned_term (
            message_id uuid REFERENCES message,
            agency_id text,
            returned_at timestamptz NOT NULL,
            overdue_at timestamptz NOT NULL,
            failed_at timestamptz NOT NULL,
            next_at timestamptz,
            PRIMARY KEY (message_id, agency_id)
        );
        ALTER TABLE returned_term ENABLE ROW LEVEL SECURITY;
        COMMENT ON TABLE returned_term IS
            'When a copy that a new consent has given back is overdue, and when it has failed.';
        CREATE INDEX ix_returned_term_next ON returned_term (next_at) WHERE next_at IS NOT NULL;
    """)
    for table, (column, comment) in ADDED.items():
        op.add_column(
            table,
            sa.Column(
                column,
                postgresql.JSONB,
                nullable=False,
                server_default=sa.text("'[]'"),
                comment=comment,
            ),
        )


def downgrade() -> None:
    for table, (column, _) in ADDED.items():
        op.drop_column(table, column)
    op.execute("DROP TABLE returned_term")
