"""When the files of the database held no trace of an erased key any more.

An erasure stays as it was written; only this is added to it later. Nor do statistics sample
columns with key material, or with facts, from here on: what ANALYZE samples is kept in
`pg_statistic`, in clear, after its row is gone. To alter a column drops what was sampled of it.
"""

from alembic import op

revision = "2026_11_28_96"
down_revision = "2026_11_28_94"
branch_labels = None
depends_on = None

UNSAMPLED = {
    ("referral_key", "wrapped"): "bytea",
    ("held_key", "wrapped"): "bytea",
    ("webhook", "secret"): "bytea",
    ("webhook", "old_secret"): "bytea",
    ("referral", "facts"): "jsonb",
    ("party", "view"): "jsonb",
}


def upgrade() -> None:
    op.execute("""
        ALTER TABLE erasure ADD COLUMN overwritten_at timestamptz;
        COMMENT ON COLUMN erasure.overwritten_at IS
            'Since when no file of the database holds the key.';
        CREATE INDEX ix_erasure_not_overwritten ON erasure (erased_at)
            WHERE overwritten_at IS NULL;
        DROP TRIGGER append_only ON erasure;
        CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE OR
            UPDATE OF referral_id, class, erased_at, rule, act_id, complete_on ON erasure
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        CREATE TABLE overwriting (
            singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
            began_at timestamptz NOT NULL
        );
        ALTER TABLE overwriting ENABLE ROW LEVEL SECURITY;
        COMMENT ON TABLE overwriting IS
            'When the last complete overwriting of erased keys began; no row before the first.';
    """)
    for (table, column), kind in UNSAMPLED.items():
        op.execute(f"""
            ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind};
            ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0;
        """)


def downgrade() -> None:
    for table, column in UNSAMPLED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1")
    op.execute("""
        DROP TABLE overwriting;
        DROP INDEX ix_erasure_not_overwritten;
        DROP TRIGGER append_only ON erasure;
        ALTER TABLE erasure DROP COLUMN overwritten_at;
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """)
