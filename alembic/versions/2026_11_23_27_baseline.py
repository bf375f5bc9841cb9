"""The tables of the first release, with their types and triggers.

Functions, policies and grants are in `app/adapters/<subject>/sql/` and are applied after the last
migration. The functions of triggers are taken from there too, since no trigger can be made
without its function. Every table has row security: until it has a policy, it shows nothing to
anybody but the owner.
"""

from alembic import op

from app.adapters.database import functions

revision = "2026_11_23_27"
down_revision = None
branch_labels = None
depends_on = None

# The roles own nothing and are bound by row security. An administrator may have made them with a
# login each; otherwise they are made here, and the owner may take them on.
ROLES = """
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tsunagu_api', 'tsunagu_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tsunagu_api, tsunagu_worker;
"""

OF_TRIGGERS = (
    "agency_needs_mailbox",
    "caller_changed",
    "caller_unlinked",
    "directory_changed",
    "refuse_change",
    "refuse_second_thoughts",
)

DIRECTORY = """
CREATE TABLE agency (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(id) <= 64),
    kind text NOT NULL,
    name text NOT NULL,
    name_en text,
    prefecture char(2) NOT NULL,
    poi_code text,
    connected boolean NOT NULL,
    services jsonb NOT NULL DEFAULT '{}',
    note text,
    disabled_at timestamptz
);
ALTER TABLE agency ENABLE ROW LEVEL SECURITY;
CREATE TABLE jurisdiction (
    agency_id text NOT NULL REFERENCES agency,
    flow text,
    area char(6) NOT NULL,
    UNIQUE NULLS NOT DISTINCT (agency_id, flow, area)
);
ALTER TABLE jurisdiction ENABLE ROW LEVEL SECURITY;
CREATE TABLE seat (
    id text PRIMARY KEY CHECK (length(id) <= 128),
    agency_id text NOT NULL REFERENCES agency,
    name text NOT NULL,
    role text NOT NULL,
    classes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
ALTER TABLE seat ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_seat_agency ON seat (agency_id);
CREATE TABLE client (
    id text PRIMARY KEY CHECK (length(id) <= 128),
    agency_id text NOT NULL REFERENCES agency,
    name text NOT NULL,
    secret_hash text,
    public_jwk jsonb,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    dpop_required boolean NOT NULL DEFAULT false
);
ALTER TABLE client ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN client.dpop_required IS 'Whether it gets only tokens bound to a key (RFC 9449).';
CREATE INDEX ix_client_agency ON client (agency_id);
CREATE TABLE client_seat (
    client_id text NOT NULL REFERENCES client,
    seat_id text NOT NULL REFERENCES seat,
    position integer NOT NULL,
    PRIMARY KEY (client_id, seat_id),
    UNIQUE (client_id, position)
);
ALTER TABLE client_seat ENABLE ROW LEVEL SECURITY;
CREATE TABLE directory_version (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version bigint NOT NULL
);
ALTER TABLE directory_version ENABLE ROW LEVEL SECURITY;
INSERT INTO directory_version (version) VALUES (1);
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON agency
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON seat
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON client
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
CREATE TRIGGER directory_changed AFTER INSERT OR UPDATE OR DELETE ON client_seat
    FOR EACH STATEMENT EXECUTE FUNCTION directory_changed();
"""

# A token says how often its client, seat and agency had been stopped when they were looked up. It
# is dead once one of them has been stopped again, so no clock is asked. `token_clock` numbers all
# stops, for processes that ask what is new.
ACCESS = """
CREATE TABLE assertion_seen (
    client_id text NOT NULL,
    jti_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);
ALTER TABLE assertion_seen ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_assertion_seen_expires ON assertion_seen (expires_at);
CREATE TABLE token_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    stops bigint NOT NULL
);
ALTER TABLE token_clock ENABLE ROW LEVEL SECURITY;
INSERT INTO token_clock (stops) VALUES (0);
CREATE TABLE token_stop (
    kind text NOT NULL,
    id text NOT NULL,
    times integer NOT NULL,
    number bigint NOT NULL UNIQUE,
    PRIMARY KEY (kind, id)
);
ALTER TABLE token_stop ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN token_stop.kind IS 'What was stopped: agency, seat or client.';
CREATE TABLE revoked_token (
    jti uuid PRIMARY KEY,
    client_id text NOT NULL,
    number bigint NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
ALTER TABLE revoked_token ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_revoked_token_client ON revoked_token (client_id);
CREATE INDEX ix_revoked_token_expires ON revoked_token (expires_at);
CREATE TABLE secret_failure (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    locks integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    forget_at timestamptz NOT NULL
);
ALTER TABLE secret_failure ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN secret_failure.key IS 'SHA-256 of a client id and of where the calls came from.';
CREATE INDEX ix_secret_failure_forget ON secret_failure (forget_at);
CREATE TABLE lockout (
    client_id text PRIMARY KEY REFERENCES client,
    untold integer NOT NULL,
    next_at timestamptz,
    told_at timestamptz
);
ALTER TABLE lockout ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN lockout.untold IS 'How many locks its agency has not been told of.';
CREATE INDEX ix_lockout_next ON lockout (next_at) WHERE next_at IS NOT NULL;
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON agency DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON seat DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
        OR OLD.role <> NEW.role OR OLD.classes <> NEW.classes OR OLD.agency_id <> NEW.agency_id)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER UPDATE ON client DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
        OR OLD.secret_hash IS DISTINCT FROM NEW.secret_hash
        OR OLD.public_jwk IS DISTINCT FROM NEW.public_jwk
        OR NEW.dpop_required AND NOT OLD.dpop_required OR OLD.agency_id <> NEW.agency_id)
    EXECUTE FUNCTION caller_changed();
CREATE CONSTRAINT TRIGGER stops_tokens AFTER DELETE OR UPDATE ON client_seat
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION caller_unlinked();
"""

# Messages and segments are append-only. Erasure deletes keys, never segments.
REFERRALS = """
CREATE TABLE "case" (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    lead text,
    opened_at timestamptz NOT NULL
);
ALTER TABLE "case" ENABLE ROW LEVEL SECURITY;
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
    erased_reason text,
    erased_classes text[] NOT NULL DEFAULT '{}'
);
ALTER TABLE referral ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN referral.erased_classes IS 'No message of these classes is taken any more.';
CREATE INDEX ix_referral_case ON referral (case_id);
CREATE INDEX ix_referral_parent ON referral (parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE referral_key (
    referral_id uuid NOT NULL REFERENCES referral,
    class text NOT NULL,
    master integer NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (referral_id, class)
);
ALTER TABLE referral_key ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_referral_key_master ON referral_key (master);
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
ALTER TABLE party ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN party.view IS
    'The referral as this party has seen it. Nothing that it may not read changes this row.';
CREATE INDEX ix_party_agency ON party (agency_id, updated_at DESC, referral_id DESC);
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
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
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
ALTER TABLE segment ENABLE ROW LEVEL SECURITY;
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
    recalled_at timestamptz,
    rests_on uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (agency_id, message_id),
    UNIQUE (agency_id, referral_id, number)
);
ALTER TABLE copy ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE copy IS
    'Who may read which message: through which referral, in which classes, as its how many-eth.';
COMMENT ON COLUMN copy.rests_on IS
    'The consents by which this reader was told; in a sender''s copy, all by which it told.';
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
ALTER TABLE deadline ENABLE ROW LEVEL SECURITY;
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
ALTER TABLE settlement ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_settlement_center ON settlement (center_id, fiscal_year);
CREATE TYPE message_row AS (id uuid, referral_id uuid, type text, from_party text,
    from_agency text, from_seat text, recipients jsonb, occurred_on date, accepted_at timestamptz,
    legal_basis text, urgency text, in_reply_to uuid, corrects uuid, consent_ids uuid[],
    paper_origin jsonb, digest text, class_digests jsonb, receipt text);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON message
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON segment
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# A party that has ended goes on seeing of a consent what it could see then, so each withdrawn item
# keeps the message that took it back.
CONSENTS = """
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
    withdrawn_items text[] NOT NULL DEFAULT '{}',
    taken_by uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (case_id, id)
);
ALTER TABLE consent ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN consent.withdrawn_items IS
    'What was taken back while the rest stands: classes, agency ids, kinds of agency.';
COMMENT ON COLUMN consent.taken_by IS
    'For each of withdrawn_items, the message that took it back.';
CREATE INDEX ix_consent_referral ON consent (referral_id);
CREATE TABLE return_request (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES "case",
    referral_id uuid NOT NULL REFERENCES referral,
    agency_id text NOT NULL,
    party text NOT NULL,
    consent_ids uuid[] NOT NULL,
    message_ids uuid[] NOT NULL,
    classes text[] NOT NULL,
    seen_by text[] NOT NULL,
    requested_at timestamptz NOT NULL,
    due_on date NOT NULL,
    is_open boolean NOT NULL DEFAULT true,
    told_at timestamptz,
    answered_at timestamptz,
    answered_by text,
    answer text,
    done_on date,
    legal_basis text,
    CONSTRAINT return_request_answered_check CHECK (is_open = (answered_at IS NULL)
        AND is_open = (answer IS NULL) AND is_open = (answered_by IS NULL)
        AND is_open = (done_on IS NULL))
);
ALTER TABLE return_request ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE return_request IS
    'To an agency that was told on a consent which was withdrawn: return or destroy it.';
COMMENT ON COLUMN return_request.seen_by IS
    'Who follows the answer: whoever told it, and the withdrawer if it knew this agency.';
COMMENT ON COLUMN return_request.message_ids IS
    'Shown to the agency that had them, and to no other.';
CREATE INDEX ix_return_request_agency
    ON return_request (agency_id, (NOT is_open), due_on, id);
CREATE INDEX ix_return_request_case ON return_request (case_id, due_on, id);
CREATE INDEX ix_return_request_due ON return_request (due_on)
    WHERE is_open AND told_at IS NULL;
"""

# A position is taken from the mailbox's row in the transaction that fills it, so positions have no
# gap and are in the order of commits.
INBOX = """
CREATE TABLE mailbox (
    agency_id text PRIMARY KEY REFERENCES agency,
    head bigint NOT NULL DEFAULT 0,
    opened bigint NOT NULL DEFAULT 0,
    acknowledged bigint NOT NULL DEFAULT 0
);
ALTER TABLE mailbox ENABLE ROW LEVEL SECURITY;
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
    printed_at timestamptz,
    printed_by text,
    withdrawn boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agency_id, position)
);
ALTER TABLE inbox_item ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN inbox_item.withdrawn IS
    'Taken back with the consent and not by the sender: a new consent gives it again.';
CREATE UNIQUE INDEX ix_inbox_message ON inbox_item (agency_id, message_id)
    WHERE message_id IS NOT NULL AND kind = 'message';
CREATE INDEX ix_inbox_unacknowledged ON inbox_item (agency_id, position)
    WHERE acknowledged_at IS NULL;
CREATE INDEX ix_inbox_waiting ON inbox_item (agency_id, position)
    WHERE opened_at IS NULL AND acknowledged_at IS NULL;
CREATE INDEX ix_inbox_withdrawn ON inbox_item (agency_id, referral_id) WHERE withdrawn;
CREATE TRIGGER mailbox AFTER INSERT ON agency
    FOR EACH ROW EXECUTE FUNCTION agency_needs_mailbox();
"""

# Entries are numbered later, by one sealer at a time: a number taken in the transaction would let
# only one message be accepted at once. They are sealed in the order in which they were written, so
# that a batch costs the same however many wait.
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
ALTER TABLE log_entry ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN log_entry.agencies IS 'The agencies that the entry names, which may read it.';
CREATE INDEX ix_log_entry_disclosure ON log_entry (message_id, agency_id, at, id)
    WHERE kind = 'disclosure' AND detail -> 'classes' <> '[]';
CREATE INDEX ix_log_entry_case ON log_entry (case_id, at) WHERE case_id IS NOT NULL;
CREATE TABLE log_pending (
    entry_id uuid NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
ALTER TABLE log_pending ENABLE ROW LEVEL SECURITY;
CREATE TABLE log_leaf (
    index bigint PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE,
    hash bytea NOT NULL
);
ALTER TABLE log_leaf ENABLE ROW LEVEL SECURITY;
CREATE TABLE log_tree (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    size bigint NOT NULL,
    hashed bigint NOT NULL DEFAULT 0,
    frontier bytea[] NOT NULL DEFAULT '{}'
);
ALTER TABLE log_tree ENABLE ROW LEVEL SECURITY;
INSERT INTO log_tree (size) VALUES (0);
COMMENT ON COLUMN log_tree.hashed IS 'How many leaves the nodes and the frontier cover.';
CREATE TABLE log_node (
    level smallint NOT NULL CHECK (level > 0),
    number bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, number)
);
ALTER TABLE log_node ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE log_node IS
    'Complete subtrees: that of (level, number) covers the 2^level leaves from number * 2^level.';
CREATE TABLE log_checkpoint (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    note text NOT NULL,
    at timestamptz NOT NULL
);
ALTER TABLE log_checkpoint ENABLE ROW LEVEL SECURITY;
CREATE TABLE log_reader (
    agency_id text NOT NULL,
    index bigint NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (agency_id, index)
);
ALTER TABLE log_reader ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE log_reader IS 'Which agency an entry names, by its place in the tree.';
CREATE UNIQUE INDEX ix_log_reader_entry ON log_reader (entry_id, agency_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaf
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_node
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_reader
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

DISCLOSURES = """
CREATE TABLE shown (
    message_id uuid NOT NULL REFERENCES message,
    agency_id text NOT NULL,
    shown_id uuid NOT NULL REFERENCES message,
    party text NOT NULL,
    classes text[] NOT NULL,
    PRIMARY KEY (message_id, agency_id, shown_id)
);
ALTER TABLE shown ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE shown IS
    'Older messages that a message showed to its recipients, also to those who had them already:'
    ' its sender may not learn which these are.';
CREATE INDEX ix_shown_reader ON shown (shown_id, agency_id);
CREATE TYPE disclosure AS (agency_id text, at timestamptz, rank integer, id uuid, how text,
    party text, seat_id text, classes text[], message_id uuid, brought_by uuid);
COMMENT ON TYPE disclosure IS
    'One thing that became known to an agency, or was taken back; in the order of the first four.'
    ' Law and consent are those of the message that brought it, if the asker knows that one.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON shown
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

DELIVERIES = """
CREATE TABLE delivery_term (
    message_id uuid PRIMARY KEY REFERENCES message,
    sender text,
    overdue_at timestamptz NOT NULL,
    failed_at timestamptz NOT NULL,
    next_at timestamptz
);
ALTER TABLE delivery_term ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN delivery_term.next_at IS
    'When to look next whether everybody has acknowledged; null when nothing is left to tell.';
CREATE INDEX ix_delivery_term_next ON delivery_term (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE recall (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES message,
    referral_id uuid NOT NULL,
    type text NOT NULL,
    accepted_at timestamptz NOT NULL,
    sender_agency text NOT NULL,
    recipient_agency text NOT NULL,
    recipient_party text,
    named boolean NOT NULL,
    reason text NOT NULL,
    recalled_at timestamptz NOT NULL,
    recalled_by text NOT NULL,
    disclosed boolean NOT NULL,
    openings jsonb NOT NULL,
    preliminary_from date,
    preliminary_by date,
    final_by date,
    final_by_if_malicious date,
    UNIQUE (message_id, recipient_agency)
);
ALTER TABLE recall ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN recall.named IS
    'Whether the sender knew this reader: others were shown the message by its recipients.';
COMMENT ON COLUMN recall.disclosed IS
    'Opened or printed before it was recalled: a misdirected disclosure, with both clocks.';
CREATE INDEX ix_recall_sender ON recall (sender_agency, recalled_at DESC, id DESC)
    WHERE disclosed;
CREATE INDEX ix_recall_recipient ON recall (recipient_agency, recalled_at DESC, id DESC)
    WHERE disclosed;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recall
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# A notice is made in the transaction that fills the inbox, so none is forgotten. Whoever carries it
# holds it by a lease, never by a transaction.
WEBHOOKS = """
CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    agency_id text NOT NULL REFERENCES agency,
    client_id text NOT NULL REFERENCES client,
    seat_id text NOT NULL REFERENCES seat,
    url text NOT NULL CHECK (length(url) <= 2048),
    flows text[],
    urgencies text[],
    master integer,
    secret bytea,
    old_master integer,
    old_secret bytea,
    old_until timestamptz,
    state text NOT NULL CHECK (state IN ('active', 'paused', 'disabled', 'deleted')),
    reason text,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    resting_until timestamptz,
    succeeded_at timestamptz
);
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN webhook.client_id IS
    'With seat_id whoever last vouched for it: if either is disabled, nothing leaves.';
CREATE INDEX ix_webhook_agency ON webhook (agency_id) WHERE state <> 'deleted';
CREATE INDEX ix_webhook_master ON webhook (master) WHERE master IS NOT NULL;
CREATE INDEX ix_webhook_old_master ON webhook (old_master) WHERE old_master IS NOT NULL;
CREATE TABLE notice (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook,
    agency_id text NOT NULL,
    position bigint NOT NULL,
    referral_id uuid,
    message_id uuid,
    payload text NOT NULL CHECK (octet_length(payload) < 2048),
    created_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'delivered', 'failed', 'cancelled')),
    settled_at timestamptz,
    reason text
) WITH (fillfactor = 50);
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN notice.position IS 'Of the inbox item; 0 for a test, which goes before all.';
COMMENT ON COLUMN notice.tries IS 'Place in the schedule, counted from `since`.';
CREATE INDEX ix_notice_pending ON notice (webhook_id, position) WHERE state = 'pending';
CREATE INDEX ix_notice_failed ON notice (webhook_id) WHERE state = 'failed';
CREATE INDEX ix_notice_webhook ON notice (webhook_id, created_at);
CREATE INDEX ix_notice_message ON notice (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE attempt (
    notice_id uuid NOT NULL,
    number integer NOT NULL,
    webhook_id uuid NOT NULL,
    agency_id text NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL,
    status integer,
    took_ms integer,
    answer bytea,
    PRIMARY KEY (notice_id, number)
);
ALTER TABLE attempt ENABLE ROW LEVEL SECURITY;
CREATE INDEX ix_attempt_webhook ON attempt (webhook_id, at, notice_id, number);
CREATE TABLE attempt_total (outcome text PRIMARY KEY, count bigint NOT NULL);
ALTER TABLE attempt_total ENABLE ROW LEVEL SECURITY;
"""

# That the two seats differ is also said by the table itself. A settled act never changes again.
ACTS = """
CREATE TABLE act (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    agency_id text NOT NULL REFERENCES agency,
    target text NOT NULL CHECK (length(target) <= 128),
    detail jsonb NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL
        CHECK (state IN ('proposed', 'approved', 'refused', 'withdrawn', 'expired', 'failed')),
    decided_at timestamptz,
    decided_by text,
    outcome jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT act_two_seats_check CHECK (state NOT IN ('approved', 'refused', 'failed')
        OR decided_by IS NOT NULL AND decided_by <> proposed_by)
);
ALTER TABLE act ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN act.detail IS 'Codes, ids and numbers: never words, and nothing personal.';
CREATE INDEX ix_act_agency ON act (agency_id, proposed_at DESC, id DESC);
CREATE INDEX ix_act_waiting ON act (agency_id, proposed_at DESC, id DESC)
    WHERE state = 'proposed';
CREATE INDEX ix_act_expires ON act (expires_at) WHERE state = 'proposed';
CREATE TRIGGER settled BEFORE UPDATE OR DELETE ON act
    FOR EACH ROW EXECUTE FUNCTION refuse_second_thoughts();
CREATE TRIGGER append_only BEFORE TRUNCATE ON act
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

ERASURE = """
CREATE TABLE legal_hold (
    id uuid PRIMARY KEY,
    agency_id text NOT NULL,
    case_id uuid NOT NULL REFERENCES "case",
    referral_id uuid NOT NULL REFERENCES referral,
    whole_case boolean NOT NULL,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    lifted_at timestamptz
);
ALTER TABLE legal_hold ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE legal_hold IS 'Shown to nobody but the agency that holds.';
CREATE UNIQUE INDEX ix_legal_hold_open ON legal_hold (case_id, referral_id, agency_id)
    WHERE lifted_at IS NULL;
CREATE INDEX ix_legal_hold_agency ON legal_hold (agency_id, set_at DESC, id DESC)
    WHERE lifted_at IS NULL;
CREATE TABLE erasure (
    referral_id uuid NOT NULL REFERENCES referral,
    class text NOT NULL,
    erased_at timestamptz NOT NULL,
    rule text NOT NULL,
    act_id uuid REFERENCES act,
    complete_on date NOT NULL,
    PRIMARY KEY (referral_id, class)
);
ALTER TABLE erasure ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN erasure.complete_on IS 'The day by which no backup holds the key any more.';
CREATE INDEX ix_erasure_at ON erasure (erased_at DESC);
CREATE TABLE retention (
    referral_id uuid NOT NULL REFERENCES referral,
    rule text NOT NULL,
    since date NOT NULL,
    held boolean NOT NULL DEFAULT false,
    PRIMARY KEY (referral_id, rule)
);
ALTER TABLE retention ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN retention.held IS 'Found under a hold when its time had come; not looked at.';
CREATE INDEX ix_retention_due ON retention (rule, since, referral_id) WHERE NOT held;
CREATE TABLE erasure_total (
    rule text PRIMARY KEY,
    count bigint NOT NULL
);
ALTER TABLE erasure_total ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

KEYS = """
CREATE TABLE master_unused (
    version integer PRIMARY KEY,
    since timestamptz NOT NULL
);
ALTER TABLE master_unused ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE master_unused IS
    'Old master keys that nothing is under any more: backups may hold rows from before `since`.';
CREATE TABLE master_retirement (
    version integer PRIMARY KEY,
    act_id uuid NOT NULL,
    approved_at timestamptz NOT NULL,
    done_at timestamptz
);
ALTER TABLE master_retirement ENABLE ROW LEVEL SECURITY;
COMMENT ON COLUMN master_retirement.done_at IS 'When the first worker had removed the key.';
"""

SUBJECTS = (
    DIRECTORY,
    ACCESS,
    REFERRALS,
    CONSENTS,
    INBOX,
    LOG,
    DISCLOSURES,
    DELIVERIES,
    WEBHOOKS,
    ACTS,
    ERASURE,
    KEYS,
)
"""In an order in which each refers to none but those before it."""


def upgrade() -> None:
    """Make roles, tables, types and triggers."""
    op.execute(ROLES)
    functions.make(op.get_bind(), OF_TRIGGERS)
    for tables in SUBJECTS:
        op.execute(tables)


def downgrade() -> None:
    """Take them away. The roles stay: other databases of the server may use them."""
    op.execute("""
        DROP TABLE agency, jurisdiction, seat, client, client_seat, directory_version,
            assertion_seen, token_clock, token_stop, revoked_token, secret_failure, lockout,
            "case", referral, referral_key, party, message, segment, copy, deadline, settlement,
            consent, return_request, mailbox, inbox_item,
            log_entry, log_pending, log_leaf, log_tree, log_node, log_checkpoint, log_reader,
            shown, delivery_term, recall, webhook, notice, attempt, attempt_total,
            act, legal_hold, erasure, retention, erasure_total, master_unused, master_retirement;
        DROP TYPE message_row, disclosure;
        REVOKE ALL ON SCHEMA public FROM tsunagu_api, tsunagu_worker;
        GRANT USAGE ON SCHEMA public TO PUBLIC;
    """)
    for function in OF_TRIGGERS:
        op.execute(f"DROP FUNCTION {function}()")
