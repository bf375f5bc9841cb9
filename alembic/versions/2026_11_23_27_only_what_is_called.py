"""The API may no longer call `forget_facts` by itself: a recall does it, and nobody else."""

from alembic import op

revision = "2026_11_23_27"
down_revision = "2026_11_23_26"
branch_labels = None
depends_on = None

FUNCTION = "forget_facts(text, uuid)"


def upgrade() -> None:
    """Take the right away."""
    op.execute(f"REVOKE EXECUTE ON FUNCTION {FUNCTION} FROM tsunagu_api")


def downgrade() -> None:
    """Give it back."""
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO tsunagu_api")
