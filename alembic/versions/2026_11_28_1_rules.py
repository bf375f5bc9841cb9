"""Rules of the domain that functions of the database need, as tables.

They are filled after the last migration, from the domain (`app.adapters.database.rules`).
"""

from alembic import op

revision = "2026_11_28_1"
down_revision = "2026_11_23_27"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE purpose_flow (
    purpose text NOT NULL,
    flow text,
    UNIQUE NULLS NOT DISTINCT (purpose, flow)
);
ALTER TABLE purpose_flow ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE purpose_flow IS
    'The flows that a purpose of consent serves; without a flow: none.';
CREATE TABLE deadline_kind (
    kind text PRIMARY KEY,
    class text NOT NULL
);
ALTER TABLE deadline_kind ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE deadline_kind IS 'The data class that a deadline of each kind tells.';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE purpose_flow, deadline_kind;")
