"""Keys that legal holds keep from being destroyed, and requests to erase what others hold too."""

from alembic import op

from app.adapters.database import functions

revision = "2026_11_28_93"
down_revision = "2026_11_28_92"
branch_labels = None
depends_on = None

HELD_KEYS = """
CREATE TABLE held_key (
    referral_id uuid NOT NULL REFERENCES referral (id),
    class text NOT NULL,
    master integer NOT NULL,
    wrapped bytea NOT NULL,
    holds uuid[] NOT NULL,
    PRIMARY KEY (referral_id, class)
);
ALTER TABLE held_key ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE held_key IS
    'Keys that erasure took out of use, and that are destroyed when the last of these holds ends.';
CREATE INDEX ix_held_key_master ON held_key (master);
CREATE TRIGGER keep_held_key BEFORE DELETE ON referral_key
    FOR EACH ROW EXECUTE FUNCTION keep_held_key();
CREATE TRIGGER refuse_held_key BEFORE DELETE ON held_key
    FOR EACH ROW EXECUTE FUNCTION refuse_held_key();
"""

REQUESTS = """
CREATE TABLE erasure_request (
    id uuid PRIMARY KEY REFERENCES act (id),
    agency_id text NOT NULL,
    referral_id uuid NOT NULL REFERENCES referral (id),
    reason text NOT NULL,
    classes text[] NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    settled_at timestamptz,
    outcome text,
    CONSTRAINT erasure_request_state_check CHECK (
        state IN ('pending', 'erased', 'objected', 'withdrawn', 'lapsed', 'failed')),
    CONSTRAINT erasure_request_settled_check CHECK ((state = 'pending') = (settled_at IS NULL))
);
ALTER TABLE erasure_request ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE erasure_request IS
    'A request of an agency to erase what others hold too, and what became of it.';
COMMENT ON COLUMN erasure_request.id IS 'The act by which two seats have made it.';
COMMENT ON COLUMN erasure_request.outcome IS
    'Why nothing was erased; for the agency that asked.';
CREATE UNIQUE INDEX ix_erasure_request_once ON erasure_request (referral_id)
    WHERE state = 'pending';
CREATE INDEX ix_erasure_request_referral ON erasure_request (referral_id, requested_at DESC);
CREATE INDEX ix_erasure_request_expires ON erasure_request (expires_at) WHERE state = 'pending';
CREATE TABLE erasure_answer (
    request_id uuid NOT NULL REFERENCES erasure_request (id),
    agency_id text NOT NULL,
    referral_id uuid NOT NULL,
    answer text,
    answered_at timestamptz,
    answered_by text,
    PRIMARY KEY (request_id, agency_id),
    CONSTRAINT erasure_answer_answer_check CHECK (answer IN ('agreed', 'objected'))
);
ALTER TABLE erasure_answer ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN erasure_answer.referral_id IS
    'The referral through which it reads what would be erased.';
"""

# An older release would lose what is kept, and has no place for it.
NOTHING_KEPT = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM held_key) THEN
        RAISE EXCEPTION 'legal holds keep keys; an older release cannot';
    END IF;
END $$;
"""


def upgrade() -> None:
    functions.make(op.get_bind(), ("keep_held_key", "refuse_held_key"))
    op.execute(HELD_KEYS)
    op.execute(REQUESTS)


def downgrade() -> None:
    op.execute(NOTHING_KEPT)
    op.execute("""
        DROP TABLE erasure_answer, erasure_request;
        DROP TRIGGER keep_held_key ON referral_key;
        DROP TABLE held_key;
        DROP FUNCTION keep_held_key(), refuse_held_key();
    """)
