"""The named functions through which the API reads.

Those that show an agency what is its own run as the caller, so that row security holds in them
too: each first says whose transaction this is. `load_case`, which sees a whole case so that
`decide` can, runs as the owner and answers nothing but to a party.
"""

from alembic import op

revision = "2026_11_23_6"
down_revision = "2026_11_23_5"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"
# Where every call wants the same plan. PostgreSQL would else make one for each, in twice the time.
PLANNED_ONCE = "SET plan_cache_mode = force_generic_plan"

LOAD = f"""
CREATE FUNCTION find_repeat(p_message uuid) RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object('caller_agency', m.caller_agency, 'mac', encode(m.mac, 'hex'),
        'referral_id', m.referral_id, 'state', m.state_after, 'version', m.version_after,
        'accepted_at', m.accepted_at, 'digest', m.digest, 'receipt', m.receipt,
        'key', (SELECT jsonb_build_object('master', k.master, 'wrapped', encode(k.wrapped, 'hex'))
                FROM referral_key k WHERE k.referral_id = m.referral_id AND k.class = 'C0'))
    FROM message m WHERE m.id = p_message
$$;
CREATE FUNCTION load_case(p_agency text, p_message uuid, p_referral uuid, p_pointed uuid[],
    p_hold boolean)
RETURNS jsonb LANGUAGE plpgsql {DEFINER} {PLANNED_ONCE} AS $$
DECLARE v_case "case"; v_repeat jsonb;
BEGIN
    SELECT c.* INTO v_case FROM referral r JOIN "case" c ON c.id = r.case_id
    WHERE r.id = p_referral;
    IF p_hold THEN
        SELECT c.* INTO v_case FROM "case" c WHERE c.id = v_case.id FOR UPDATE;
    END IF;
    v_repeat := find_repeat(p_message);
    IF v_repeat IS NOT NULL THEN RETURN jsonb_build_object('repeat', v_repeat); END IF;
    IF NOT EXISTS (SELECT FROM party
                   WHERE referral_id = p_referral AND agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'id', v_case.id, 'version', v_case.version, 'lead', v_case.lead,
        'referrals', (
            SELECT jsonb_agg(jsonb_build_object('id', r.id, 'flow', r.flow, 'state', r.state,
                'reference', r.reference,
                'back', r.back, 'facts', r.facts, 'parent', r.parent_id,
                'erased', r.erased_at IS NOT NULL,
                'keys', (SELECT coalesce(jsonb_object_agg(k.class, jsonb_build_array(k.master,
                    encode(k.wrapped, 'hex'))), '{{}}') FROM referral_key k
                    WHERE k.referral_id = r.id),
                'parties', (SELECT jsonb_agg(jsonb_build_object('name', q.name,
                    'agency_id', q.agency_id, 'since', q.since, 'until', q.until, 'view', q.view)
                    ORDER BY q.since, q.agency_id) FROM party q WHERE q.referral_id = r.id)))
            FROM referral r WHERE r.case_id = v_case.id),
        'consents', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'referral_id', c.referral_id,
                'purpose', c.purpose, 'recipients', c.recipients, 'classes', c.classes,
                'valid_from', c.valid_from, 'valid_until', c.valid_until,
                'withdrawn_on', c.withdrawn_on)), '[]')
            FROM consent c WHERE c.case_id = v_case.id),
        'references', CASE WHEN cardinality(p_pointed) = 0 THEN '[]' ELSE (
            SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'referral_id', m.referral_id,
                'type', m.type, 'from_agency', m.from_agency,
                'classes', (SELECT jsonb_agg(s.class) FROM segment s WHERE s.message_id = m.id),
                'readers', (SELECT jsonb_agg(jsonb_build_object('agency_id', y.agency_id,
                    'party', y.party, 'referral_id', y.referral_id, 'classes', y.classes))
                    FROM copy y WHERE y.message_id = m.id))), '[]')
            FROM message m JOIN referral r ON r.id = m.referral_id
            WHERE m.id = ANY (p_pointed) AND r.case_id = v_case.id
                AND EXISTS (SELECT FROM copy o
                            WHERE o.message_id = m.id AND o.agency_id = p_agency)) END);
END $$;
"""

# Which consents cover an agency now, by referral: those of the referral and of what it serves;
# none while it is suspended. The same rule as the domain's `effective`, for reading.
COVERED = f"""
CREATE FUNCTION serves(p_purpose text, p_flow text) RETURNS boolean
LANGUAGE sql IMMUTABLE {DEFINER} AS $$
    SELECT CASE
        WHEN p_purpose IN ('special_adjustment', 'regional')
            THEN p_flow IN ('special_adjustment', 'regional_coordination')
        WHEN p_purpose = 'suspect_support' THEN p_flow = 'suspect_support'
        WHEN p_purpose = 'defence' THEN p_flow = 'defence_support'
        ELSE p_purpose NOT IN ('selection', 'facility', 'health', 'municipality', 'followup',
            'statistics_none')
    END
$$;
CREATE FUNCTION covered(p_agency text, p_referral uuid, p_on date) RETURNS text[]
LANGUAGE sql STABLE {DEFINER} AS $$
    WITH RECURSIVE above AS (
        SELECT r.id, r.parent_id FROM referral r WHERE r.id = p_referral
        UNION ALL
        SELECT r.id, r.parent_id FROM referral r JOIN above a ON r.id = a.parent_id
    )
    SELECT array_agg(DISTINCT granted) FROM above a JOIN consent c ON c.referral_id = a.id
    CROSS JOIN unnest(c.classes) AS granted
    JOIN referral here ON here.id = p_referral
    WHERE c.withdrawn_on IS NULL AND c.valid_from <= p_on
        AND serves(c.purpose, here.flow)
        AND 'suspended_consent' <> ALL (here.back || here.state)
        AND (c.valid_until IS NULL OR c.valid_until >= p_on)
        AND c.recipients && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)]
$$;
-- What goes on paper to each recipient that takes no part: asked by whoever reads the message.
CREATE FUNCTION paper_copies(p_agency text, p_message uuid) RETURNS jsonb
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT coalesce(jsonb_object_agg(y.agency_id, y.classes), '{{}}')
    FROM copy y JOIN agency a ON a.id = y.agency_id
    WHERE y.message_id = p_message AND NOT y.sent AND NOT a.connected
        AND EXISTS (SELECT FROM copy o WHERE o.message_id = p_message AND o.agency_id = p_agency)
$$;
-- A deadline is a fact: seen while its class may be opened.
CREATE FUNCTION deadline_class(p_kind text) RETURNS text LANGUAGE sql IMMUTABLE {DEFINER} AS $$
    SELECT CASE WHEN p_kind IN ('response_due', 'query_due') THEN 'C0' ELSE 'C4' END
$$;
CREATE FUNCTION may_know(p_agency text, p_referral uuid, p_kind text, p_on date) RETURNS boolean
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral
        AND q.agency_id = p_agency AND q.until IS NULL
        AND (deadline_class(p_kind) = 'C0' OR NOT q.by_consent
            OR deadline_class(p_kind) = ANY (covered(p_agency, p_referral, p_on))))
$$;
CREATE FUNCTION case_of(p_referral uuid) RETURNS TABLE (id uuid, version bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT c.id, c.version FROM referral r JOIN "case" c ON c.id = r.case_id WHERE r.id = p_referral
$$;
"""

MESSAGES = f"""
CREATE FUNCTION envelope(m message_row, c copy) RETURNS jsonb LANGUAGE sql STABLE {INVOKER} AS $$
    SELECT jsonb_build_object('id', m.id, 'referral_id', m.referral_id, 'via', c.referral_id,
        'number', c.number, 'type', m.type,
        'from', jsonb_build_object('party', m.from_party, 'agency_id', m.from_agency,
            'seat_id', m.from_seat),
        'to', m.recipients, 'occurred_on', m.occurred_on, 'created_at', m.accepted_at,
        'legal_basis', m.legal_basis, 'urgency', m.urgency, 'in_reply_to', m.in_reply_to,
        'corrects', m.corrects,
        'corrected_by', (SELECT x.id FROM message x JOIN copy y ON y.message_id = x.id
                         WHERE x.corrects = m.id ORDER BY x.accepted_at DESC LIMIT 1),
        'consent_ids', m.consent_ids, 'paper_origin', m.paper_origin,
        'digests', m.class_digests, 'digest', m.digest,
        'receipt', CASE WHEN c.sent OR m.paper_origin #>> '{{keyed_by,agency_id}}' = c.agency_id
            THEN m.receipt END)
$$;
"""

READ = f"""
CREATE FUNCTION read_messages(p_agency text, p_ids uuid[], p_on date)
RETURNS TABLE (meta text, classes text[], sealed bytea[], key_classes text[], masters integer[],
    wrapped bytea[])
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY
    SELECT (envelope(ROW(m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat,
            m.recipients, m.occurred_on, m.accepted_at, m.legal_basis, m.urgency, m.in_reply_to,
            m.corrects, m.consent_ids, m.paper_origin, m.digest, m.class_digests,
            m.receipt)::message_row, c) || jsonb_build_object(
            'reader', jsonb_build_object('party', q.name, 'classes', c.classes,
                'ended', q.until IS NOT NULL, 'sent', c.sent,
                'covered', CASE WHEN q.by_consent AND NOT c.sent
                           THEN coalesce(covered(p_agency, c.referral_id, p_on), '{{}}') END),
            'erased', r.erased_at IS NOT NULL,
            'case_id', k.id, 'case_version', k.version))::text,
        s.classes, s.sealed, w.classes, w.masters, w.wrapped
    FROM unnest(p_ids) WITH ORDINALITY AS wanted (id, nth)
    JOIN copy c ON c.message_id = wanted.id AND c.agency_id = p_agency
    JOIN message m ON m.id = c.message_id
    JOIN referral r ON r.id = m.referral_id
    JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
    CROSS JOIN LATERAL case_of(c.referral_id) AS k
    CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes, array_agg(g.sealed) AS sealed
        FROM segment g WHERE g.message_id = m.id) AS s
    CROSS JOIN LATERAL (SELECT array_agg(y.class) AS classes, array_agg(y.master) AS masters,
            array_agg(y.wrapped) AS wrapped
        FROM referral_key y WHERE y.referral_id = m.referral_id) AS w
    ORDER BY wanted.nth;
END $$;
CREATE FUNCTION list_messages(p_agency text, p_referral uuid, p_after bigint, p_limit integer)
RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM party q WHERE q.referral_id = p_referral) THEN RETURN NULL; END IF;
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.number), '[]')::text FROM (
        SELECT c.number, envelope(ROW(m.id, m.referral_id, m.type, m.from_party, m.from_agency,
            m.from_seat, m.recipients, m.occurred_on, m.accepted_at, m.legal_basis, m.urgency,
            m.in_reply_to, m.corrects, m.consent_ids, m.paper_origin, m.digest, m.class_digests,
            m.receipt)::message_row, c) AS shown
        FROM copy c JOIN message m ON m.id = c.message_id
        WHERE c.agency_id = p_agency AND c.referral_id = p_referral AND c.number > p_after
        ORDER BY c.number LIMIT p_limit) AS o);
END $$;
"""

REFERRALS = f"""
CREATE FUNCTION read_referral(p_agency text, p_referral uuid, p_on date) RETURNS text
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (
        SELECT jsonb_build_object('id', r.id, 'case_id', r.case_id, 'reference', r.reference,
            'flow', r.flow, 'parent', r.parent_id, 'name', q.name, 'since', q.since,
            'until', q.until, 'view', q.view, 'covered', CASE WHEN q.by_consent
                THEN coalesce(covered(p_agency, r.id, p_on), '{{}}') END,
            'children', (SELECT coalesce(jsonb_agg(x.id ORDER BY x.opened_at, x.id), '[]')
                FROM referral x JOIN party y ON y.referral_id = x.id
                WHERE x.parent_id = r.id))::text
        FROM party q JOIN referral r ON r.id = q.referral_id
        WHERE q.agency_id = p_agency AND q.referral_id = p_referral);
END $$;
CREATE FUNCTION list_referrals(p_agency text, p_flow text, p_state text,
    p_updated_after timestamptz, p_before timestamptz, p_before_id uuid, p_limit integer)
RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(o.shown ORDER BY o.updated_at DESC, o.id DESC), '[]')::text
    FROM (
        SELECT q.updated_at, r.id, jsonb_build_object('id', r.id, 'case_id', r.case_id,
            'reference', r.reference, 'flow', q.flow, 'state', q.state, 'party', q.name,
            'until', q.until, 'lead', q.view -> 'lead', 'version', q.number,
            'updated_at', q.updated_at) AS shown
        FROM party q JOIN referral r ON r.id = q.referral_id
        WHERE q.agency_id = p_agency
            AND (p_flow IS NULL OR q.flow = p_flow) AND (p_state IS NULL OR q.state = p_state)
            AND (p_updated_after IS NULL OR q.updated_at > p_updated_after)
            AND (p_before IS NULL OR (q.updated_at, q.referral_id) < (p_before, p_before_id))
        ORDER BY q.updated_at DESC, q.referral_id DESC LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION list_deadlines(p_agency text, p_after date, p_after_referral uuid,
    p_after_kind text, p_limit integer, p_on date, p_classes text[])
RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o)), '[]')::text FROM (
        SELECT d.referral_id, d.kind, d.due_on, d.told_at FROM deadline d
        WHERE d.agency_id = p_agency AND may_know(p_agency, d.referral_id, d.kind, p_on)
            AND deadline_class(d.kind) = ANY (p_classes)
            AND (p_after IS NULL OR (d.due_on, d.referral_id, d.kind)
                > (p_after, p_after_referral, p_after_kind))
        ORDER BY d.due_on, d.referral_id, d.kind LIMIT p_limit) AS o);
END $$;
"""

INBOX_ITEM = """'{"position":' || i.position || ',"kind":"' || i.kind
        || '","referral_id":' || coalesce('"' || i.referral_id || '"', 'null')
        || ',"message_id":' || coalesce('"' || i.message_id || '"', 'null')
        || ',"type":"' || i.type || '","from":'
        || coalesce('{"party":"' || i.from_party || '","agency_id":'
            || coalesce('"' || i.from_agency || '"', 'null') || '}', 'null')
        || ',"urgency":"' || i.urgency || '","accepted_at":"'
        || to_char(i.accepted_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+09:00"')
        || '","to_print":' || i.to_print || ',"state":"'
        || CASE WHEN i.recalled_at IS NOT NULL THEN 'recalled'
                WHEN i.acknowledged_at IS NOT NULL THEN 'acknowledged'
                WHEN i.opened_at IS NOT NULL THEN 'opened' ELSE 'waiting' END || '"}'"""

# Every value is an id, a code or a time of ours, so nothing in it needs escaping; building the
# JSON as text here costs a third of what it costs in the service.
INBOX = f"""
CREATE FUNCTION read_inbox(p_agency text, p_after bigint, p_limit integer, p_open boolean)
RETURNS text LANGUAGE plpgsql {INVOKER} {PLANNED_ONCE} AS $$
DECLARE v_items text; v_next bigint; v_head bigint;
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF p_open THEN
        SELECT string_agg(o.shown, ',' ORDER BY o.position), max(o.position),
            (SELECT head FROM mailbox WHERE agency_id = p_agency)
        INTO v_items, v_next, v_head FROM (
            SELECT i.position, {INBOX_ITEM} AS shown FROM inbox_item i
            WHERE i.agency_id = p_agency AND i.position > p_after AND i.acknowledged_at IS NULL
            ORDER BY i.position LIMIT p_limit) AS o;
    ELSE
        SELECT string_agg(o.shown, ',' ORDER BY o.position), max(o.position),
            (SELECT head FROM mailbox WHERE agency_id = p_agency)
        INTO v_items, v_next, v_head FROM (
            SELECT i.position, {INBOX_ITEM} AS shown FROM inbox_item i
            WHERE i.agency_id = p_agency AND i.position > p_after
            ORDER BY i.position LIMIT p_limit) AS o;
    END IF;
    RETURN '{{"items":[' || coalesce(v_items, '')
        || '],"next":' || coalesce(v_next, least(p_after, v_head), 0)
        || ',"head":' || coalesce(v_head, 0) || '}}';
END $$;
CREATE FUNCTION inbox_status(p_agency text) RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT jsonb_build_object('head', m.head,
        'counts', jsonb_build_object('waiting', m.head - m.opened,
            'unacknowledged', m.head - m.acknowledged, 'acknowledged', m.acknowledged),
        'oldest_waiting', (
            SELECT jsonb_build_object('position', i.position, 'accepted_at', i.accepted_at)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.opened_at IS NULL
                AND i.acknowledged_at IS NULL ORDER BY i.position LIMIT 1),
        'oldest_unacknowledged', (
            SELECT jsonb_build_object('position', i.position, 'accepted_at', i.accepted_at)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NULL
            ORDER BY i.position LIMIT 1))::text
        FROM mailbox m WHERE m.agency_id = p_agency);
END $$;
"""

MESSAGE_ROW = """
CREATE TYPE message_row AS (id uuid, referral_id uuid, type text, from_party text,
    from_agency text, from_seat text, recipients jsonb, occurred_on date, accepted_at timestamptz,
    legal_basis text, urgency text, in_reply_to uuid, corrects uuid, consent_ids uuid[],
    paper_origin jsonb, digest text, class_digests jsonb, receipt text);
"""

FUNCTIONS = [
    "find_repeat(uuid)",
    "load_case(text, uuid, uuid, uuid[], boolean)",
    "serves(text, text)",
    "covered(text, uuid, date)",
    "paper_copies(text, uuid)",
    "deadline_class(text)",
    "may_know(text, uuid, text, date)",
    "case_of(uuid)",
    "envelope(message_row, copy)",
    "read_messages(text, uuid[], date)",
    "list_messages(text, uuid, bigint, integer)",
    "read_referral(text, uuid, date)",
    "list_referrals(text, text, text, timestamptz, timestamptz, uuid, integer)",
    "list_deadlines(text, date, uuid, text, integer, date, text[])",
    "read_inbox(text, bigint, integer, boolean)",
    "inbox_status(text)",
]


def upgrade() -> None:
    """Make the functions; nobody may call one but the API."""
    for statements in (MESSAGE_ROW, LOAD, COVERED, MESSAGES, READ, REFERRALS, INBOX):
        op.execute(statements)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")


def downgrade() -> None:
    """Take the functions away."""
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TYPE message_row")
