"""Cases, referrals, parties, consents, and messages as sealed segments.

Messages and segments are append-only by the database's own hand: the trigger refuses every
UPDATE, DELETE and TRUNCATE, whoever asks. Erasure takes keys away, never segments.
"""

from alembic import op

revision = "2026_11_23_2"
down_revision = "2026_11_23_1"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE "case" (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    lead text,
    opened_at timestamptz NOT NULL
);
CREATE TABLE referral (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    flow text NOT NULL,
    reference text NOT NULL UNIQUE,
    state text NOT NULL,
    back text[] NOT NULL,
    facts jsonb NOT NULL,
    parent_id uuid REFERENCES referral,
    opened_at timestamptz NOT NULL,
    erased_at timestamptz,
    erased_reason text
);
CREATE INDEX ix_referral_case ON referral (case_id);
CREATE INDEX ix_referral_parent ON referral (parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE referral_key (
    referral_id uuid NOT NULL REFERENCES referral,
    class text NOT NULL,
    master integer NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (referral_id, class)
);
CREATE TABLE party (
    referral_id uuid NOT NULL REFERENCES referral,
    agency_id text NOT NULL,
    name text NOT NULL,
    classes text[] NOT NULL,
    by_consent boolean NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    flow text NOT NULL,
    state text NOT NULL,
    number bigint NOT NULL,
    view jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (referral_id, agency_id)
);
COMMENT ON COLUMN party.view IS
    'The referral as this party has seen it. Nothing that it may not read changes this row.';
CREATE INDEX ix_party_agency ON party (agency_id, updated_at DESC, referral_id DESC);
CREATE TABLE consent (
    case_id uuid NOT NULL REFERENCES "case",
    id uuid NOT NULL,
    referral_id uuid NOT NULL REFERENCES referral,
    message_id uuid NOT NULL,
    purpose text NOT NULL,
    recipients text[] NOT NULL,
    classes text[] NOT NULL,
    valid_from date NOT NULL,
    valid_until date,
    withdrawn_on date,
    withdrawn_by uuid,
    PRIMARY KEY (case_id, id)
);
CREATE INDEX ix_consent_referral ON consent (referral_id);
CREATE TABLE message (
    id uuid PRIMARY KEY,
    referral_id uuid NOT NULL REFERENCES referral,
    type text NOT NULL,
    from_party text NOT NULL,
    from_agency text,
    from_seat text,
    caller_agency text,
    recipients jsonb NOT NULL,
    occurred_on date NOT NULL,
    accepted_at timestamptz NOT NULL,
    legal_basis text,
    urgency text NOT NULL,
    in_reply_to uuid,
    corrects uuid,
    consent_ids uuid[] NOT NULL,
    paper_origin jsonb,
    facts text[] NOT NULL,
    digest text NOT NULL,
    class_digests jsonb NOT NULL,
    mac bytea,
    receipt text,
    state_after text NOT NULL,
    version_after text NOT NULL
);
COMMENT ON COLUMN message.mac IS
    'Keyed hash of what was sent, under the key of the referral: whether a repeat says the same.';
COMMENT ON COLUMN message.state_after IS
    'With digest, receipt and version_after the first answer, which every repeat gets.';
CREATE INDEX ix_message_referral ON message (referral_id);
CREATE INDEX ix_message_corrects ON message (corrects) WHERE corrects IS NOT NULL;
CREATE TABLE segment (
    message_id uuid NOT NULL REFERENCES message,
    class text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (message_id, class)
);
ALTER TABLE segment ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE TABLE copy (
    agency_id text NOT NULL,
    message_id uuid NOT NULL REFERENCES message,
    referral_id uuid NOT NULL,
    message_referral_id uuid NOT NULL,
    party text NOT NULL,
    number bigint NOT NULL,
    classes text[] NOT NULL,
    sent boolean NOT NULL,
    PRIMARY KEY (agency_id, message_id),
    UNIQUE (agency_id, referral_id, number)
);
COMMENT ON TABLE copy IS
    'Who may read which message: through which referral, in which classes, as its how many-eth.';
CREATE INDEX ix_copy_message ON copy (message_id);
CREATE INDEX ix_copy_keys ON copy (agency_id, message_referral_id);
CREATE TABLE deadline (
    referral_id uuid NOT NULL REFERENCES referral,
    agency_id text NOT NULL,
    kind text NOT NULL,
    due_on date NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (referral_id, agency_id, kind)
);
CREATE INDEX ix_deadline_due ON deadline (due_on) WHERE told_at IS NULL;
CREATE INDEX ix_deadline_agency ON deadline (agency_id, due_on, referral_id);
CREATE TABLE settlement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    center_id text NOT NULL,
    fiscal_year integer NOT NULL,
    category text NOT NULL,
    age_bracket text NOT NULL,
    residence_kind text NOT NULL
);
CREATE INDEX ix_settlement_center ON settlement (center_id, fiscal_year);
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON message
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON segment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Make the tables and what guards them."""
    op.execute(TABLES)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    """Take the tables away."""
    op.execute("""
        DROP TABLE settlement, deadline, copy, segment, message, consent, party, referral_key,
            referral, "case";
        DROP FUNCTION refuse_change();
    """)
