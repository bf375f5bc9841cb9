"""Requests to give back copies that were opened, and what a reader keeps of a recalled copy.

What was opened before an earlier recall is kept from now on too: the recall says what it was.
"""

from alembic import op

revision = "2026_11_28_4"
down_revision = "2026_11_28_1"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE copy ADD COLUMN kept text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN copy.kept IS
    'The classes of a recalled copy that its reader had opened: its evidence bundles have them.';
UPDATE copy c SET kept = ARRAY(
    SELECT DISTINCT k FROM jsonb_array_elements(x.openings) AS o
    CROSS JOIN jsonb_array_elements_text(o -> 'classes') AS k
    WHERE o ->> 'how' = 'opened' ORDER BY k)
FROM recall x
WHERE x.message_id = c.message_id AND x.recipient_agency = c.agency_id AND x.disclosed;
CREATE TABLE recall_request (
    id uuid PRIMARY KEY,
    act_id uuid NOT NULL,
    message_id uuid NOT NULL REFERENCES message (id),
    referral_id uuid NOT NULL,
    reader_referral_id uuid NOT NULL,
    type text NOT NULL,
    sender_agency text NOT NULL,
    recipient_agency text NOT NULL,
    recipient_party text,
    reason text NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open',
    settled_at timestamptz,
    settled_by text,
    refusal_reason text,
    CONSTRAINT recall_request_state_check
        CHECK (state IN ('open', 'accepted', 'refused', 'lapsed')),
    CONSTRAINT recall_request_settled_check
        CHECK ((state = 'open') = (settled_at IS NULL))
);
ALTER TABLE recall_request ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE recall_request IS
    'A request to an agency to give back a copy that it had opened, and the answer.';
COMMENT ON COLUMN recall_request.recipient_party IS
    'Null for a reader whom the sender did not name.';
CREATE UNIQUE INDEX ix_recall_request_once ON recall_request (message_id, recipient_agency)
    WHERE state IN ('open', 'refused');
CREATE INDEX ix_recall_request_sender
    ON recall_request (sender_agency, requested_at DESC, id DESC);
CREATE INDEX ix_recall_request_recipient
    ON recall_request (recipient_agency, requested_at DESC, id DESC);
CREATE INDEX ix_recall_request_expires ON recall_request (expires_at) WHERE state = 'open';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE recall_request; ALTER TABLE copy DROP COLUMN kept;")
