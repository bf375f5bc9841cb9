"""How much an agency has done on a day, of what one may not do too much on a day."""

from alembic import op

revision = "2026_11_28_94"
down_revision = "2026_11_28_93"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE day_count (
            agency_id text NOT NULL REFERENCES agency (id),
            kind text NOT NULL,
            other text NOT NULL,
            day date NOT NULL,
            used integer NOT NULL,
            PRIMARY KEY (agency_id, kind, other)
        );
        ALTER TABLE day_count ENABLE ROW LEVEL SECURITY;
        COMMENT ON TABLE day_count IS
            'What an agency has done on a day, of what one may not do too much on a day.';
        COMMENT ON COLUMN day_count.other IS 'The agency that it did it to; empty: to any.';
    """)


def downgrade() -> None:
    op.execute("DROP TABLE day_count")
