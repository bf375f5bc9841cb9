"""Mailboxes, whose positions have no gap, and the log, which only grows.

A position is taken from the mailbox's row in the transaction that fills it, so positions are in
the order of commits. Log entries are numbered later, by one sealer at a time: a number taken in
the transaction would let only one message be accepted at once.
"""

from alembic import op

revision = "2026_11_23_3"
down_revision = "2026_11_23_2"
branch_labels = None
depends_on = None

MAILBOX = """
CREATE TABLE mailbox (
    agency_id text PRIMARY KEY REFERENCES agency,
    head bigint NOT NULL DEFAULT 0,
    opened bigint NOT NULL DEFAULT 0,
    acknowledged bigint NOT NULL DEFAULT 0
);
CREATE TABLE inbox_item (
    agency_id text NOT NULL REFERENCES mailbox,
    position bigint NOT NULL,
    kind text NOT NULL,
    referral_id uuid,
    message_id uuid,
    type text NOT NULL,
    from_party text,
    from_agency text,
    urgency text NOT NULL,
    accepted_at timestamptz NOT NULL,
    to_print boolean NOT NULL DEFAULT false,
    opened_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    recalled_at timestamptz,
    PRIMARY KEY (agency_id, position)
);
CREATE UNIQUE INDEX ix_inbox_message ON inbox_item (agency_id, message_id)
    WHERE message_id IS NOT NULL AND kind = 'message';
CREATE INDEX ix_inbox_unacknowledged ON inbox_item (agency_id, position)
    WHERE acknowledged_at IS NULL;
CREATE INDEX ix_inbox_waiting ON inbox_item (agency_id, position)
    WHERE opened_at IS NULL AND acknowledged_at IS NULL;
CREATE FUNCTION agency_needs_mailbox() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO mailbox (agency_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION agency_needs_mailbox() FROM PUBLIC;
CREATE TRIGGER mailbox AFTER INSERT ON agency
    FOR EACH ROW EXECUTE FUNCTION agency_needs_mailbox();
INSERT INTO mailbox (agency_id) SELECT id FROM agency;
"""

LOG = """
CREATE TABLE log_entry (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    agency_id text,
    seat_id text,
    client_id text,
    case_id uuid,
    referral_id uuid,
    message_id uuid,
    agencies text[] NOT NULL,
    detail jsonb NOT NULL
);
COMMENT ON COLUMN log_entry.agencies IS 'The agencies that the entry names, which may read it.';
CREATE TABLE log_pending (entry_id uuid PRIMARY KEY);
CREATE TABLE log_leaf (
    index bigint PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE,
    hash bytea NOT NULL
);
CREATE TABLE log_tree (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    size bigint NOT NULL
);
INSERT INTO log_tree (size) VALUES (0);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Make the tables and what guards them."""
    op.execute(MAILBOX)
    op.execute(LOG)


def downgrade() -> None:
    """Take the tables away."""
    op.execute("""
        DROP TABLE log_leaf, log_pending, log_entry, log_tree, inbox_item;
        DROP TRIGGER mailbox ON agency;
        DROP FUNCTION agency_needs_mailbox();
        DROP TABLE mailbox;
    """)
