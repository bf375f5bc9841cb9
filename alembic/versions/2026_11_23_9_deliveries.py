"""What becomes of a message: terms that run out, copies that are printed, copies taken back.

A recall holds the case row, as a disclosure does, and counts the case's version on: whoever has
read a copy before it and has not yet written that down starts again, and finds it recalled.
"""

from collections.abc import Iterable

from alembic import context, op

revision = "2026_11_23_9"
down_revision = "2026_11_23_8"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

TABLES = """
CREATE TABLE delivery_term (
    message_id uuid PRIMARY KEY REFERENCES message,
    sender text,
    overdue_at timestamptz NOT NULL,
    failed_at timestamptz NOT NULL,
    next_at timestamptz
);
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
ALTER TABLE copy ADD COLUMN recalled_at timestamptz;
ALTER TABLE inbox_item ADD COLUMN printed_at timestamptz, ADD COLUMN printed_by text;
CREATE INDEX ix_log_entry_disclosure ON log_entry (message_id) WHERE kind = 'disclosure';
"""

# A reader whom the sender does not know stays unknown to it until they have opened the message:
# then the log names both.
POLICIES = {
    "delivery_term": "sender = (SELECT me())",
    "recall": "recipient_agency = (SELECT me())"
    " OR sender_agency = (SELECT me()) AND (named OR disclosed)",
}
SEGMENT = (
    "EXISTS (SELECT FROM copy c WHERE c.message_id = segment.message_id{recalled}"
    " AND segment.class = ANY (c.classes))"
)
REFERRAL_KEY = (
    "EXISTS (SELECT FROM copy c JOIN party p ON p.referral_id = c.referral_id"
    " WHERE c.message_referral_id = referral_key.referral_id AND p.until IS NULL{recalled}"
    " AND referral_key.class = ANY (c.classes))"
)
NOT_RECALLED = " AND c.recalled_at IS NULL"

# One by one: joined as a set, a plan made while the tables were small reads all of them for ever.
TELL = f"""
CREATE FUNCTION late_items(p_term delivery_term) RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    WITH late AS (
        SELECT r.agency_id, r.party, i.to_print, a.disabled_at IS NOT NULL AS disabled,
            jsonb_build_object('referral_id', m.referral_id, 'message_id', m.id, 'type', m.type,
                'urgency', m.urgency, 'kind', CASE WHEN p_term.next_at < p_term.failed_at
                    THEN 'delivery.overdue' ELSE 'delivery.failed' END) AS item,
            m.from_party, m.from_agency
        FROM message m
        CROSS JOIN jsonb_to_recordset(m.recipients) AS r (agency_id text, party text)
        JOIN inbox_item i ON i.agency_id = r.agency_id AND i.message_id = m.id
            AND i.kind = 'message'
        JOIN agency a ON a.id = r.agency_id
        WHERE m.id = p_term.message_id AND i.acknowledged_at IS NULL AND i.recalled_at IS NULL
            AND i.printed_at IS NULL
    )
    SELECT jsonb_agg(item) FROM (
        SELECT item || jsonb_build_object('agency_id', agency_id, 'from_party', from_party,
            'from_agency', from_agency) AS item
        FROM late WHERE NOT to_print AND NOT disabled
        UNION ALL
        SELECT item || jsonb_build_object('agency_id', p_term.sender, 'from_party', party,
            'from_agency', agency_id)
        FROM late WHERE p_term.sender IS NOT NULL AND p_term.sender <> agency_id
    ) AS told
$$;
CREATE FUNCTION tell_deliveries(p_at timestamptz, p_most integer) RETURNS jsonb
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_term delivery_term; v_late jsonb; v_items jsonb := '[]'; v_count integer := 0;
BEGIN
    FOR v_term IN
        SELECT * FROM delivery_term WHERE next_at <= p_at
        ORDER BY next_at LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        v_count := v_count + 1;
        v_late := late_items(v_term);
        v_items := v_items || coalesce(v_late, '[]');
        UPDATE delivery_term SET next_at = CASE
            WHEN v_late IS NOT NULL AND v_term.next_at < v_term.failed_at THEN failed_at END
        WHERE message_id = v_term.message_id;
    END LOOP;
    IF jsonb_array_length(v_items) > 0 THEN PERFORM deliver(p_at, v_items); END IF;
    RETURN jsonb_build_object('looked_at', v_count, 'agencies', (
        SELECT coalesce(jsonb_agg(DISTINCT i ->> 'agency_id'), '[]')
        FROM jsonb_array_elements(v_items) AS i));
END $$;
"""

# Both answer nothing but about messages that the asking agency sent, or waits for itself.
READ = f"""
CREATE FUNCTION sent_by(m message, p_agency text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN coalesce(m.caller_agency = p_agency, false) OR coalesce(m.from_agency = p_agency, false);
CREATE FUNCTION deliveries_of(p_message uuid, p_only text, p_ended text[]) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('party', r.party, 'agency_id', r.agency_id,
        'position', i.position, 'to_print', i.to_print, 'notified_at', n.at,
        'opened_at', i.opened_at,
        'acknowledged_at', i.acknowledged_at, 'acknowledged_by', i.acknowledged_by,
        'printed_at', i.printed_at, 'printed_by', i.printed_by, 'recalled_at', i.recalled_at,
        'recall_reason', x.reason,
        'misdirected_disclosure_id', CASE WHEN x.disclosed THEN x.id END,
        'undeliverable', CASE WHEN a.disabled_at IS NOT NULL THEN 'agency_disabled'
            WHEN r.agency_id = ANY (p_ended) THEN 'party_ended' END) ORDER BY r.party), '[]')
    FROM message m
    CROSS JOIN jsonb_to_recordset(m.recipients) AS r (agency_id text, party text)
    JOIN inbox_item i ON i.agency_id = r.agency_id AND i.message_id = m.id AND i.kind = 'message'
    JOIN agency a ON a.id = r.agency_id
    LEFT JOIN recall x ON x.message_id = m.id AND x.recipient_agency = r.agency_id
    CROSS JOIN LATERAL (SELECT min(t.at) AS at FROM notice k JOIN attempt t ON t.notice_id = k.id
        WHERE k.message_id = m.id AND k.agency_id = i.agency_id AND k.position = i.position
            AND t.outcome = 'delivered') AS n
    WHERE m.id = p_message AND (p_only IS NULL OR r.agency_id = p_only)
$$;
CREATE FUNCTION ended_parties(p_view jsonb) RETURNS text[] LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(array_agg(s ->> 'agency_id'), '{{}}')
    FROM jsonb_array_elements(p_view -> 'parties') AS s WHERE s ->> 'until' IS NOT NULL
$$;
CREATE FUNCTION list_deliveries(p_agency text, p_referral uuid, p_after bigint, p_limit integer)
RETURNS text LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE v_ended text[];
BEGIN
    SELECT ended_parties(q.view) INTO v_ended FROM party q
    WHERE q.referral_id = p_referral AND q.agency_id = p_agency;
    IF NOT FOUND THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.number), '[]')::text FROM (
        SELECT c.number, jsonb_build_object('message_id', m.id, 'number', c.number,
            'type', m.type, 'urgency', m.urgency, 'accepted_at', m.accepted_at,
            'overdue_at', t.overdue_at, 'failed_at', t.failed_at,
            'recipients', deliveries_of(m.id, NULL, v_ended)) AS shown
        FROM copy c JOIN message m ON m.id = c.message_id
        LEFT JOIN delivery_term t ON t.message_id = m.id
        WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND c.number > p_after
            AND m.referral_id = p_referral AND sent_by(m, p_agency)
        ORDER BY c.number LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION explain_message(p_agency text, p_referral uuid, p_message uuid)
RETURNS text LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE m message; c copy; v_party party; v_sent boolean; v_found jsonb; v_position bigint;
BEGIN
    SELECT * INTO c FROM copy WHERE agency_id = p_agency AND message_id = p_message
        AND p_referral IN (referral_id, message_referral_id);
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO m FROM message WHERE id = p_message;
    SELECT * INTO v_party FROM party WHERE referral_id = c.referral_id AND agency_id = p_agency;
    SELECT position INTO v_position FROM inbox_item
    WHERE agency_id = p_agency AND message_id = p_message AND kind = 'message';
    v_sent := sent_by(m, p_agency);
    IF NOT v_sent AND v_position IS NULL THEN RETURN NULL; END IF;
    v_found := CASE
        WHEN v_sent THEN deliveries_of(m.id, NULL, ended_parties(v_party.view))
        ELSE deliveries_of(m.id, p_agency,
            CASE WHEN v_party.until IS NOT NULL THEN ARRAY[p_agency] END) END;
    RETURN (SELECT jsonb_build_object('message_id', m.id, 'referral_id', m.referral_id,
        'type', m.type, 'urgency', m.urgency, 'accepted_at', m.accepted_at,
        'overdue_at', t.overdue_at, 'failed_at', t.failed_at,
        'you', CASE WHEN v_sent THEN 'sender' ELSE 'recipient' END,
        'recipients', v_found, 'notices', notices_of(p_agency, p_message, v_position))::text
        FROM (SELECT) AS one LEFT JOIN delivery_term t ON t.message_id = m.id);
END $$;
"""

# Found by the message: notices have no index by agency, and a message has few.
NOTICES = f"""
CREATE FUNCTION notices_of(p_agency text, p_message uuid, p_position bigint) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'webhook_id', n.webhook_id,
        'state', n.state, 'reason', n.reason, 'settled_at', n.settled_at,
        'next_at', CASE WHEN n.state = 'pending' THEN n.due_at END,
        'webhook_state', w.state, 'attempts', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('number', t.number, 'at', t.at,
                'outcome', t.outcome, 'status', t.status, 'took_ms', t.took_ms)
                ORDER BY t.number), '[]')
            FROM attempt t WHERE t.notice_id = n.id)) ORDER BY n.created_at, n.id), '[]')
    FROM notice n JOIN webhook w ON w.id = n.webhook_id
    WHERE n.message_id = p_message AND n.agency_id = p_agency AND n.position = p_position
$$;
"""

PRINTED = f"""
CREATE FUNCTION mark_printed(p jsonb) RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    m message;
    v_to text[];
    v_case uuid;
    v_printed text[];
BEGIN
    SELECT * INTO m FROM message WHERE id = (p ->> 'message_id')::uuid
        AND referral_id = (p ->> 'referral_id')::uuid;
    IF NOT FOUND OR NOT sent_by(m, p ->> 'agency_id') THEN RETURN NULL; END IF;
    -- The share lock keeps a recall out: it has to know whether paper has left the house.
    SELECT k.id INTO v_case FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = m.referral_id FOR SHARE OF k;
    v_to := ARRAY(SELECT r ->> 'agency_id' FROM jsonb_array_elements(m.recipients) AS r
        WHERE p -> 'recipients' = 'null' OR p -> 'recipients' ? (r ->> 'agency_id'));
    WITH printed AS (
        UPDATE inbox_item SET printed_at = (p ->> 'at')::timestamptz, printed_by = p ->> 'seat_id'
        WHERE agency_id = ANY (v_to) AND message_id = m.id AND kind = 'message' AND to_print
            AND printed_at IS NULL AND recalled_at IS NULL
        RETURNING agency_id
    )
    SELECT array_agg(agency_id ORDER BY agency_id) INTO v_printed FROM printed;
    IF v_printed IS NOT NULL THEN
        PERFORM write_log((p ->> 'at')::timestamptz, jsonb_build_array(p -> 'log' ||
            jsonb_build_object('case_id', v_case,
                'agencies', v_printed || (p ->> 'agency_id'),
                'detail', jsonb_build_object('for', v_printed))));
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', i.agency_id,
            'printed_at', i.printed_at, 'printed_by', i.printed_by,
            'recalled_at', i.recalled_at) ORDER BY i.agency_id), '[]')
        FROM inbox_item i WHERE i.agency_id = ANY (v_to) AND i.message_id = m.id
            AND i.kind = 'message' AND i.to_print);
END $$;
"""

# Lock order: case, notices, mailboxes by agency id, as everywhere.
RECALL = f"""
CREATE FUNCTION hold_for_recall(p_agency text, p_referral uuid, p_message uuid) RETURNS jsonb
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE m message; v_case uuid;
BEGIN
    SELECT * INTO m FROM message WHERE id = p_message AND referral_id = p_referral;
    IF NOT FOUND OR NOT sent_by(m, p_agency) THEN RETURN NULL; END IF;
    SELECT k.id INTO v_case FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = p_referral FOR UPDATE OF k;
    RETURN jsonb_build_object('case_id', v_case, 'type', m.type, 'urgency', m.urgency,
        'accepted_at', m.accepted_at, 'from_party', m.from_party, 'copies', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', c.agency_id,
                'party', c.party, 'referral_id', c.referral_id, 'classes', c.classes,
                'has', (SELECT jsonb_agg(g.class) FROM segment g WHERE g.message_id = m.id),
                'named', i.agency_id IS NOT NULL, 'to_print', coalesce(i.to_print, false),
                'printed_at', i.printed_at, 'printed_by', i.printed_by,
                'reason', x.reason, 'openings', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('how', 'opened',
                        'seat_id', e.seat_id, 'at', e.at, 'classes', e.detail -> 'classes')
                        ORDER BY e.at, e.id), '[]')
                    FROM log_entry e WHERE e.kind = 'disclosure' AND e.message_id = m.id
                        AND e.agency_id = c.agency_id AND e.detail -> 'classes' <> '[]')
                ) ORDER BY c.agency_id), '[]')
            FROM copy c
            LEFT JOIN inbox_item i ON i.agency_id = c.agency_id AND i.message_id = m.id
                AND i.kind = 'message'
            LEFT JOIN recall x ON x.message_id = m.id AND x.recipient_agency = c.agency_id
            WHERE c.message_id = m.id AND NOT c.sent AND c.agency_id <> p_agency));
END $$;
CREATE FUNCTION write_recall(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_message constant uuid := (p ->> 'message_id')::uuid;
    v_agency text;
    v_unopened boolean;
BEGIN
    UPDATE "case" SET version = version + 1 WHERE id = (p ->> 'case_id')::uuid;
    INSERT INTO recall (id, message_id, referral_id, type, accepted_at, sender_agency,
        recipient_agency, recipient_party, named, reason, recalled_at, recalled_by, disclosed,
        openings, preliminary_from, preliminary_by, final_by, final_by_if_malicious)
    SELECT x.id, v_message, (p ->> 'referral_id')::uuid, p ->> 'type',
        (p ->> 'accepted_at')::timestamptz, p ->> 'agency_id', x.agency_id,
        CASE WHEN x.named THEN x.party END, x.named, p ->> 'reason', v_at, p ->> 'seat_id',
        x.disclosed, x.openings, x.preliminary_from, x.preliminary_by, x.final_by,
        x.final_by_if_malicious
    FROM jsonb_to_recordset(p -> 'copies') AS x (id uuid, agency_id text, party text,
        named boolean, disclosed boolean, openings jsonb, preliminary_from date,
        preliminary_by date, final_by date, final_by_if_malicious date);
    FOR v_agency IN
        SELECT c ->> 'agency_id' FROM jsonb_array_elements(p -> 'copies') AS c ORDER BY 1
    LOOP
        PERFORM cancel_notices(v_agency, v_message, 'recalled', v_at);
    END LOOP;
    PERFORM FROM mailbox WHERE agency_id IN (
        SELECT i ->> 'agency_id' FROM jsonb_array_elements((p -> 'copies') || (p -> 'items')) AS i
    ) ORDER BY agency_id FOR UPDATE;
    FOR v_agency IN SELECT c ->> 'agency_id' FROM jsonb_array_elements(p -> 'copies') AS c
    LOOP
        UPDATE copy SET recalled_at = v_at WHERE agency_id = v_agency AND message_id = v_message;
        PERFORM forget_facts(v_agency, v_message);
        UPDATE inbox_item SET recalled_at = v_at
        WHERE agency_id = v_agency AND message_id = v_message AND kind = 'message'
        RETURNING opened_at IS NULL AND acknowledged_at IS NULL INTO v_unopened;
        IF v_unopened THEN
            UPDATE mailbox SET opened = opened + 1 WHERE agency_id = v_agency;
        END IF;
    END LOOP;
    PERFORM write_log(v_at, p -> 'log');
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(v_at, p -> 'items'); END IF;
END $$;
-- A reader's view loses what the recalled message alone had told it.
CREATE FUNCTION forget_facts(p_agency text, p_message uuid) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_copy copy; v_facts text[];
BEGIN
    SELECT * INTO v_copy FROM copy WHERE agency_id = p_agency AND message_id = p_message;
    SELECT array_agg(f) INTO v_facts
    FROM message m CROSS JOIN unnest(m.facts) AS f
    WHERE m.id = p_message AND m.referral_id = v_copy.referral_id AND NOT EXISTS (
        SELECT FROM copy y JOIN message later ON later.id = y.message_id
        WHERE y.agency_id = p_agency AND y.referral_id = v_copy.referral_id
            AND y.number > v_copy.number AND y.recalled_at IS NULL AND f = ANY (later.facts));
    IF v_facts IS NULL THEN RETURN; END IF;
    UPDATE party SET view = jsonb_set(view, '{{facts}}', (view -> 'facts') - v_facts)
    WHERE referral_id = v_copy.referral_id AND agency_id = p_agency;
    DELETE FROM deadline WHERE referral_id = v_copy.referral_id AND agency_id = p_agency
        AND kind = ANY (v_facts);
END $$;
CREATE FUNCTION shown_recall(x recall) RETURNS jsonb LANGUAGE sql STABLE {INVOKER} AS $$
    SELECT to_jsonb(x) - 'named'
$$;
CREATE FUNCTION recalls_of(p_agency text, p_message uuid) RETURNS jsonb
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_recall(x) ORDER BY x.recipient_agency), '[]')
        FROM recall x WHERE x.message_id = p_message AND x.sender_agency = p_agency);
END $$;
CREATE FUNCTION list_misdirected(p_agency text, p_before timestamptz, p_before_id uuid,
    p_limit integer)
RETURNS jsonb LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_recall(o) ORDER BY o.recalled_at DESC, o.id DESC), '[]')
        FROM (SELECT x.* FROM recall x
            WHERE x.disclosed AND p_agency IN (x.sender_agency, x.recipient_agency)
                AND (p_before IS NULL OR (x.recalled_at, x.id) < (p_before, p_before_id))
            ORDER BY x.recalled_at DESC, x.id DESC LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION read_misdirected(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT shown_recall(x) FROM recall x WHERE x.id = p_id AND x.disclosed);
END $$;
"""

TERMS = """
    IF p ? 'terms' THEN
        INSERT INTO delivery_term (message_id, sender, overdue_at, failed_at, next_at)
        SELECT t.message_id, t.sender, t.overdue_at, t.failed_at, t.overdue_at
        FROM jsonb_to_recordset(p -> 'terms') AS t (message_id uuid, sender text,
            overdue_at timestamptz, failed_at timestamptz);
    END IF;
END $$;
"""
READERS = """FROM copy y WHERE y.message_id = m.id"""
OLDEST = """i.opened_at IS NULL
                AND i.acknowledged_at IS NULL"""

# revision, the script there, which function of it, and what changes in that function
CHANGED = (
    ("2026_11_23_5", "ACCEPT", "accept_rest", ((("END $$;\n"), TERMS),)),
    (
        "2026_11_23_5",
        "ACKNOWLEDGE",
        "acknowledge",
        (
            (
                "RETURNING i.position, i.opened_at",
                "RETURNING i.position, coalesce(i.opened_at, i.recalled_at) AS opened_at",
            ),
        ),
    ),
    (
        "2026_11_23_6",
        "LOAD",
        "load_case",
        ((READERS, f"{READERS} AND y.recalled_at IS NULL"),),
    ),
    (
        "2026_11_23_6",
        "READ",
        "read_messages",
        (("'sent', c.sent,", "'sent', c.sent, 'recalled', c.recalled_at IS NOT NULL,"),),
    ),
    (
        "2026_11_23_6",
        "INBOX",
        "inbox_status",
        ((OLDEST, f"{OLDEST} AND i.recalled_at IS NULL"),),
    ),
)

API = [
    "list_deliveries(text, uuid, bigint, integer)",
    "explain_message(text, uuid, uuid)",
    "mark_printed(jsonb)",
    "hold_for_recall(text, uuid, uuid)",
    "write_recall(jsonb)",
    "forget_facts(text, uuid)",
    "shown_recall(recall)",
    "recalls_of(text, uuid)",
    "list_misdirected(text, timestamptz, uuid, integer)",
    "read_misdirected(text, uuid)",
]
FOR_WORKER = ["tell_deliveries(timestamptz, integer)"]
INTERNAL = [
    "late_items(delivery_term)",
    "deliveries_of(uuid, text, text[])",
    "ended_parties(jsonb)",
    "notices_of(text, uuid, bigint)",
    "sent_by(message, text)",
]


def before(revision: str, script: str, function: str) -> str:
    """The statement by which an earlier migration made a function, as one that replaces it."""
    found = context.script.get_revision(revision)
    text: str = getattr(found.module, script)
    start = text.index(f"CREATE FUNCTION {function}(")
    end = text.find("\nCREATE FUNCTION ", start)
    statement = text[start : end if end >= 0 else len(text)].rstrip() + "\n"
    return statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


def after(statement: str, changes: Iterable[tuple[str, str]]) -> str:
    """The statement with each change made where it belongs: once, and somewhere."""
    for old, new in changes:
        if statement.count(old) != 1:
            raise ValueError("the function is no longer what this migration changes")
        statement = statement.replace(old, new)
    return statement


def upgrade() -> None:
    """Make tables, policies and functions, and let the older functions know of recalls."""
    op.execute(TABLES)
    for table, sees in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO tsunagu_api USING ({sees})")
        op.execute(f"GRANT SELECT ON {table} TO tsunagu_api")
    _see(NOT_RECALLED)
    for script in (NOTICES, READ, TELL, PRINTED, RECALL):
        op.execute(script)
    for revision_, script, function, changes in CHANGED:
        op.execute(after(before(revision_, script, function), changes))
    _allow(API, "tsunagu_api")
    _allow(FOR_WORKER, "tsunagu_worker")
    _allow(INTERNAL)


def downgrade() -> None:
    """Put the older functions back, and take away what was made."""
    for revision_, script, function, _ in CHANGED:
        op.execute(before(revision_, script, function))
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    _see("")
    op.execute("""
        DROP TABLE recall, delivery_term;
        ALTER TABLE copy DROP COLUMN recalled_at;
        ALTER TABLE inbox_item DROP COLUMN printed_at, DROP COLUMN printed_by;
        DROP INDEX ix_log_entry_disclosure;
    """)


def _see(recalled: str) -> None:
    for table, sees in (("segment", SEGMENT), ("referral_key", REFERRAL_KEY)):
        op.execute(f"ALTER POLICY own ON {table} USING ({sees.format(recalled=recalled)})")


def _allow(functions: Iterable[str], *roles: str) -> None:
    for function in functions:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        for role in roles:
            op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {role}")
