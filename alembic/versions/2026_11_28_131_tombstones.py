"""Whether a tombstone was acknowledged and not the message, and when a copy was a tombstone.

Of a copy that was taken back before it was opened, whatever was acknowledged later was the
tombstone. When earlier tombstones stood is not known.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_28_131"
down_revision = "2026_11_28_123"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "inbox_item",
        sa.Column(
            "acknowledged_as_tombstone",
            sa.Boolean,
            nullable=False,
            server_default=sa.text("false"),
            comment="It had been taken back when it was acknowledged: its recipient did not"
            " receive it by that.",
        ),
    )
    op.add_column(
        "inbox_item",
        sa.Column(
            "tombstones",
            postgresql.TSTZMULTIRANGE,
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="When it had been taken back with the consent and was not yet given again.",
        ),
    )
    op.execute(
        "UPDATE inbox_item SET acknowledged_as_tombstone = true"
        " WHERE recalled_at IS NOT NULL AND acknowledged_at IS NOT NULL AND"
        " (withdrawn OR acknowledged_at > recalled_at)"
    )


def downgrade() -> None:
    op.drop_column("inbox_item", "tombstones")
    op.drop_column("inbox_item", "acknowledged_as_tombstone")
