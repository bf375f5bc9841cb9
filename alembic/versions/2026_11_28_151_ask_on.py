"""The day on which to look again whether an agency may know of a deadline that has come."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_28_151"
down_revision = "2026_11_28_155"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "When to look again whether the agency may know of it; null: on the day itself."
    op.add_column("deadline", sa.Column("ask_on", sa.Date, comment=comment))
    op.execute("""
        DROP INDEX ix_deadline_due;
        CREATE INDEX ix_deadline_ask ON deadline (coalesce(ask_on, due_on)) WHERE told_at IS NULL;
    """)


def downgrade() -> None:
    op.execute("""
        DROP INDEX ix_deadline_ask;
        CREATE INDEX ix_deadline_due ON deadline (due_on) WHERE told_at IS NULL;
    """)
    op.drop_column("deadline", "ask_on")
