"""Whether entries of the log must have their transaction's time: yes, until the owner says no."""

from alembic import op

revision = "2026_11_28_9"
down_revision = "2026_11_28_8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE service_clock (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            checked boolean NOT NULL DEFAULT true
        );
        ALTER TABLE service_clock ENABLE ROW LEVEL SECURITY;
        COMMENT ON TABLE service_clock IS
            'Whether entries of the log must have their transaction''s time:'
            ' not where the service''s clock is moved, for development.';
        INSERT INTO service_clock DEFAULT VALUES;
    """)


def downgrade() -> None:
    op.execute("DROP TABLE service_clock")
