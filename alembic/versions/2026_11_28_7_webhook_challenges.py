"""Endpoints prove that they want notices, and calls that make us send are counted.

Endpoints that exist stay as they are: nothing is asked of them until their URL changes.
"""

from alembic import op

revision = "2026_11_28_7"
down_revision = "2026_11_28_4"
branch_labels = None
depends_on = None

BEFORE = "Of the inbox item; 0 for a test, which goes before all."
AFTER = "Of the inbox item; 0 for a test, which goes before all, and -1 for a challenge."
PROVEN = "The notice that its receiver has to answer with a proof; null once it has."
NOT_BEFORE = "Earlier it is not sent, whatever makes other notices due: a replay is paced."
ADDED = f"""
ALTER TABLE webhook ADD COLUMN challenge uuid, ADD COLUMN replay_until timestamptz;
COMMENT ON COLUMN webhook.challenge IS '{PROVEN}';
ALTER TABLE notice ADD COLUMN not_before timestamptz;
COMMENT ON COLUMN notice.not_before IS '{NOT_BEFORE}';
COMMENT ON COLUMN notice.position IS '{AFTER}';
CREATE TABLE webhook_call (
    id uuid PRIMARY KEY,
    agency_id text NOT NULL,
    webhook_id uuid,
    targets text[] NOT NULL,
    at timestamptz NOT NULL
);
ALTER TABLE webhook_call ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN webhook_call.targets IS 'The host, and the addresses that it had.';
CREATE INDEX ix_webhook_call_at ON webhook_call (at);
"""
REMOVED = f"""
DROP TABLE webhook_call;
DELETE FROM attempt a USING notice n WHERE n.id = a.notice_id AND n.position < 0;
DELETE FROM notice WHERE position < 0;
COMMENT ON COLUMN notice.position IS '{BEFORE}';
ALTER TABLE notice DROP COLUMN not_before;
-- The release before asks for no proof: what has not given one must not become active by that.
UPDATE webhook SET state = 'paused', reason = 'asked'
WHERE challenge IS NOT NULL AND state = 'active';
ALTER TABLE webhook DROP COLUMN challenge, DROP COLUMN replay_until;
"""


def upgrade() -> None:
    op.execute(ADDED)


def downgrade() -> None:
    op.execute(REMOVED)
