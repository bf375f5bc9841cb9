"""Until when a legal hold binds, and when its agency was reminded of that."""

from alembic import op

revision = "2026_11_28_92"
down_revision = "2026_11_28_91"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE legal_hold ADD COLUMN until timestamptz, ADD COLUMN reminded_at timestamptz;
        UPDATE legal_hold SET until = set_at + interval '1 year';
        ALTER TABLE legal_hold ALTER COLUMN until SET NOT NULL;
        CREATE INDEX ix_legal_hold_until ON legal_hold (until)
            WHERE lifted_at IS NULL AND reminded_at IS NULL;
    """)


def downgrade() -> None:
    op.execute("""
        DROP INDEX ix_legal_hold_until;
        ALTER TABLE legal_hold DROP COLUMN reminded_at, DROP COLUMN until;
    """)
