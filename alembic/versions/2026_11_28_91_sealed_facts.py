"""Whether the facts of a referral are sealed.

A migration has no keys, so facts that are in clear stay so here: the worker seals them
(as does `tsunagu keys seal-facts`), and so does the next message to a referral.
"""

from alembic import op

revision = "2026_11_28_91"
down_revision = "2026_11_28_9"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE referral ADD COLUMN facts_sealed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN referral.facts_sealed IS
    'Whether no fact of C1 to C8 is in clear, here or in a view of it.';
CREATE INDEX ix_referral_unsealed ON referral (id) WHERE NOT facts_sealed;
"""
IN_USE = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM referral r WHERE EXISTS (
        SELECT FROM jsonb_each(r.facts) AS f WHERE jsonb_typeof(f.value) = 'object')) THEN
        RAISE EXCEPTION 'There are sealed facts, which the older release cannot open.'
            ' Go back to it with a backup.';
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(IN_USE)
    op.execute("ALTER TABLE referral DROP COLUMN facts_sealed")
