"""Where a client's secret was right lately: from there it is looked at during a lock-out, too."""

from alembic import op

revision = "2026_11_28_6"
down_revision = "2026_11_28_2"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE secret_success (
    key bytea PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX ix_secret_success_at ON secret_success (at);
ALTER TABLE secret_success ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN secret_success.key IS
    'SHA-256 of a client id and of where the call came from.';
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE secret_success")
