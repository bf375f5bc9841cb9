"""A center that asked another one receives by consent in that referral too, as it does above."""

from alembic import op

revision = "2026_11_28_119"
down_revision = "2026_11_28_115"
branch_labels = None
depends_on = None

ORIGIN = "flow = 'regional_coordination' AND name = 'origin_center'"


def upgrade() -> None:
    op.execute(f"UPDATE party SET by_consent = true WHERE {ORIGIN}")


def downgrade() -> None:
    op.execute(f"UPDATE party SET by_consent = false WHERE {ORIGIN}")
