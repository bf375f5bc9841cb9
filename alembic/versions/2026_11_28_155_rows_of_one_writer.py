"""No foreign keys where the one function that writes the rows sees to it that their owner is there.

Each was a query for every row: sixteen of twenty for an opening message.
"""

from alembic import op

revision = "2026_11_28_155"
down_revision = "2026_11_28_149"
branch_labels = None
depends_on = None

OWNERS = {
    ("party", "referral_id"): ("referral", "id"),
    ("message", "referral_id"): ("referral", "id"),
    ("referral_key", "referral_id"): ("referral", "id"),
    ("segment", "message_id"): ("message", "id"),
    ("copy", "message_id"): ("message", "id"),
    ("inbox_item", "agency_id"): ("mailbox", "agency_id"),
    ("referral_change", "agency_id"): ("mailbox", "agency_id"),
}


def upgrade() -> None:
    for table, column in OWNERS:
        op.drop_constraint(f"{table}_{column}_fkey", table, type_="foreignkey")


def downgrade() -> None:
    for (table, column), (owner, key) in OWNERS.items():
        op.create_foreign_key(f"{table}_{column}_fkey", table, owner, [column], [key])
