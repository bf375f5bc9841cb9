"""Changes of referrals in the order of commits, and the latest time of cases and mailboxes.

What was changed before gets its numbers in the order of `updated_at`.
"""

from alembic import op

revision = "2026_11_28_8"
down_revision = "2026_11_28_6"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE mailbox ADD COLUMN changes bigint NOT NULL DEFAULT 0,
    ADD COLUMN latest_at timestamptz;
COMMENT ON COLUMN mailbox.latest_at IS
    'The latest time in this mailbox: nothing is put into it with an earlier one.';
ALTER TABLE "case" ADD COLUMN latest_at timestamptz;
COMMENT ON COLUMN "case".latest_at IS
    'When its last message was accepted: no later one is accepted with an earlier time.';
CREATE TABLE referral_change (
    agency_id text NOT NULL,
    referral_id uuid NOT NULL,
    number bigint NOT NULL,
    PRIMARY KEY (agency_id, referral_id),
    FOREIGN KEY (agency_id) REFERENCES mailbox (agency_id),
    UNIQUE (agency_id, number)
);
ALTER TABLE referral_change ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE referral_change IS
    'Where the last change of a referral stands among all that an agency saw change.';
"""
BACKFILL = """
INSERT INTO referral_change (agency_id, referral_id, number)
SELECT agency_id, referral_id,
    row_number() OVER (PARTITION BY agency_id ORDER BY updated_at, referral_id) FROM party;
UPDATE mailbox b SET changes = coalesce((
        SELECT max(c.number) FROM referral_change c WHERE c.agency_id = b.agency_id), 0),
    latest_at = greatest(
        (SELECT max(q.updated_at) FROM party q WHERE q.agency_id = b.agency_id),
        (SELECT max(i.accepted_at) FROM inbox_item i WHERE i.agency_id = b.agency_id));
UPDATE "case" c SET latest_at = greatest(c.opened_at, (
    SELECT max(m.accepted_at) FROM referral r JOIN message m ON m.referral_id = r.id
    WHERE r.case_id = c.id));
ALTER TABLE "case" ALTER COLUMN latest_at SET DEFAULT now(), ALTER COLUMN latest_at SET NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(BACKFILL)


def downgrade() -> None:
    op.execute("""
        DROP TABLE referral_change;
        ALTER TABLE "case" DROP COLUMN latest_at;
        ALTER TABLE mailbox DROP COLUMN latest_at, DROP COLUMN changes;
    """)
