"""One pending request to erase for each agency that asks, beside those of others."""

from alembic import op

revision = "2026_11_28_99"
down_revision = "2026_11_28_97"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        DROP INDEX ix_erasure_request_once;
        CREATE UNIQUE INDEX ix_erasure_request_once ON erasure_request (referral_id, agency_id)
            WHERE state = 'pending';
    """)


def downgrade() -> None:
    # One can stay: the first. The others can be made again.
    op.execute("""
        UPDATE erasure_request e SET state = 'withdrawn', settled_at = e.requested_at
        WHERE e.state = 'pending' AND EXISTS (SELECT FROM erasure_request f
            WHERE f.referral_id = e.referral_id AND f.state = 'pending'
                AND (f.requested_at, f.id) < (e.requested_at, e.id));
        DROP INDEX ix_erasure_request_once;
        CREATE UNIQUE INDEX ix_erasure_request_once ON erasure_request (referral_id)
            WHERE state = 'pending';
    """)
