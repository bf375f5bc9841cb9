"""The named functions through which the API and the worker write.

Each runs as the owner with a fixed search path, since it writes what belongs to others: their
mailbox, their copy; `deliver` and `accept_rest` run within others, as these do. Lock order
everywhere: case, deadlines, then mailboxes by agency id.
"""

from alembic import op

revision = "2026_11_23_5"
down_revision = "2026_11_23_4"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

LOG = f"""
CREATE FUNCTION write_log(p_at timestamptz, p_entries jsonb) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    WITH written AS (
        INSERT INTO log_entry (id, at, kind, agency_id, seat_id, client_id, case_id, referral_id,
            message_id, agencies, detail)
        SELECT e.id, p_at, e.kind, e.agency_id, e.seat_id, e.client_id, e.case_id, e.referral_id,
            e.message_id, e.agencies, coalesce(e.detail, '{{}}')
        FROM jsonb_to_recordset(p_entries) AS e (id uuid, kind text, agency_id text, seat_id text,
            client_id text, case_id uuid, referral_id uuid, message_id uuid, agencies text[],
            detail jsonb)
        RETURNING id
    )
    INSERT INTO log_pending SELECT id FROM written;
END $$;
"""

# Positions come last and from the mailbox's own row: no gap, and in the order of commits. Mailboxes
# are locked in the order of their ids, so that two writers to overlapping recipients never wait for
# each other. One by one: a set that is joined makes a plan that reads every mailbox there is.
DELIVER = """
CREATE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
    v_position bigint;
BEGIN
    FOR v_item IN
        SELECT i.* FROM ROWS FROM (jsonb_to_recordset(p_items) AS (agency_id text, kind text,
            referral_id uuid, message_id uuid, type text, from_party text, from_agency text,
            urgency text, to_print boolean)) WITH ORDINALITY AS i
        ORDER BY i.agency_id, i.ordinality
    LOOP
        UPDATE mailbox SET head = head + 1 WHERE agency_id = v_item.agency_id
        RETURNING head INTO v_position;
        INSERT INTO inbox_item (agency_id, position, kind, referral_id, message_id, type,
            from_party, from_agency, urgency, accepted_at, to_print)
        VALUES (v_item.agency_id, v_position, v_item.kind, v_item.referral_id, v_item.message_id,
            v_item.type, v_item.from_party, v_item.from_agency, v_item.urgency, p_at,
            coalesce(v_item.to_print, false));
    END LOOP;
END $$;
"""

ACCEPT = f"""
CREATE FUNCTION accept(
    p jsonb, p_key_referral uuid[], p_key_class text[], p_key_master integer[],
    p_key_wrapped bytea[], p_segment_message uuid[], p_segment_class text[],
    p_segment_sealed bytea[]
) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_case constant uuid := (p #>> '{{case,id}}')::uuid;
BEGIN
    IF p #> '{{case,expected}}' = 'null' THEN
        INSERT INTO "case" (id, version, lead, opened_at)
        VALUES (v_case, 1, p #>> '{{case,lead}}', v_at);
    ELSE
        UPDATE "case" SET version = version + 1, lead = p #>> '{{case,lead}}'
        WHERE id = v_case AND version = (p #>> '{{case,expected}}')::bigint;
        IF NOT FOUND THEN RETURN false; END IF;
    END IF;
    INSERT INTO referral (id, case_id, flow, reference, state, back, facts, parent_id, opened_at,
        erased_at, erased_reason)
    SELECT r.id, v_case, r.flow, r.reference, r.state, r.back, r.facts, r.parent_id, v_at,
        CASE WHEN r.erased_reason IS NOT NULL THEN v_at END, r.erased_reason
    FROM jsonb_to_recordset(p -> 'referrals') AS r (id uuid, flow text, reference text, state text,
        back text[], facts jsonb, parent_id uuid, erased_reason text)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, back = excluded.back,
        facts = excluded.facts, erased_at = coalesce(referral.erased_at, excluded.erased_at),
        erased_reason = coalesce(referral.erased_reason, excluded.erased_reason);
    INSERT INTO message (id, referral_id, type, from_party, from_agency, from_seat, caller_agency,
        recipients, occurred_on, accepted_at, legal_basis, urgency, in_reply_to, corrects,
        consent_ids, paper_origin, facts, digest, class_digests, mac, receipt, state_after,
        version_after)
    SELECT m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat, m.caller_agency,
        m.recipients, m.occurred_on, v_at, m.legal_basis, m.urgency, m.in_reply_to, m.corrects,
        m.consent_ids, m.paper_origin, m.facts, m.digest, m.class_digests, decode(m.mac, 'hex'),
        m.receipt, m.state_after, m.version_after
    FROM jsonb_to_recordset(p -> 'messages') AS m (id uuid, referral_id uuid, type text,
        from_party text, from_agency text, from_seat text, caller_agency text, recipients jsonb,
        occurred_on date, legal_basis text, urgency text, in_reply_to uuid, corrects uuid,
        consent_ids uuid[], paper_origin jsonb, facts text[], digest text, class_digests jsonb,
        mac text, receipt text, state_after text, version_after text);
    INSERT INTO referral_key (referral_id, class, master, wrapped)
    SELECT * FROM unnest(p_key_referral, p_key_class, p_key_master, p_key_wrapped);
    INSERT INTO segment (message_id, class, sealed)
    SELECT * FROM unnest(p_segment_message, p_segment_class, p_segment_sealed);
    INSERT INTO party (referral_id, agency_id, name, classes, by_consent, since, until, flow,
        state, number, view, updated_at)
    SELECT q.referral_id, q.agency_id, q.name, q.classes, q.by_consent, q.since, q.until, q.flow,
        q.view ->> 'state', (q.view ->> 'number')::bigint, q.view, v_at
    FROM jsonb_to_recordset(p -> 'parties') AS q (referral_id uuid, agency_id text, name text,
        classes text[], by_consent boolean, since timestamptz, until timestamptz, flow text,
        view jsonb)
    ON CONFLICT (referral_id, agency_id) DO UPDATE SET name = excluded.name,
        classes = excluded.classes, by_consent = excluded.by_consent, since = excluded.since,
        until = excluded.until, state = excluded.state, number = excluded.number,
        view = excluded.view,
        updated_at = CASE WHEN party.number = excluded.number THEN party.updated_at
                     ELSE excluded.updated_at END;
    INSERT INTO copy (agency_id, message_id, referral_id, message_referral_id, party, number,
        classes, sent)
    SELECT c.agency_id, c.message_id, c.referral_id, c.message_referral_id, c.party, c.number,
        c.classes, c.sent
    FROM jsonb_to_recordset(p -> 'copies') AS c (agency_id text, message_id uuid,
        referral_id uuid, message_referral_id uuid, party text, number bigint, classes text[],
        sent boolean);
    PERFORM accept_rest(v_at, v_case, p);
    PERFORM write_log(v_at, p -> 'log');
    IF jsonb_array_length(p -> 'items') > 0 THEN
        PERFORM deliver(v_at, p -> 'items');
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION accept_rest(p_at timestamptz, p_case uuid, p jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_lifted record;
BEGIN
    IF p ? 'consent' THEN
        INSERT INTO consent (case_id, id, referral_id, message_id, purpose, recipients, classes,
            valid_from, valid_until)
        SELECT p_case, c.id, c.referral_id, c.message_id, c.purpose, c.recipients, c.classes,
            c.valid_from, c.valid_until
        FROM jsonb_to_record(p -> 'consent') AS c (id uuid, referral_id uuid, message_id uuid,
            purpose text, recipients text[], classes text[], valid_from date, valid_until date);
    END IF;
    IF p ? 'withdrawn' THEN
        UPDATE consent SET withdrawn_on = (p #>> '{{withdrawn,on}}')::date,
            withdrawn_by = (p #>> '{{withdrawn,by}}')::uuid
        WHERE case_id = p_case AND withdrawn_on IS NULL AND id IN (
            SELECT i::uuid FROM jsonb_array_elements_text(p #> '{{withdrawn,ids}}') AS i
        );
    END IF;
    IF p ? 'deadlines' THEN
        INSERT INTO deadline (referral_id, agency_id, kind, due_on)
        SELECT n.referral_id, n.agency_id, n.kind, n.due_on
        FROM jsonb_to_recordset(p -> 'deadlines') AS n (referral_id uuid, agency_id text,
            kind text, due_on date)
        ON CONFLICT (referral_id, agency_id, kind) DO UPDATE
        SET due_on = excluded.due_on, told_at = NULL
        WHERE deadline.due_on <> excluded.due_on;
    END IF;
    -- One by one: joined as a set, a plan made while the table was small reads all of it for ever.
    FOR v_lifted IN
        SELECT n.* FROM jsonb_to_recordset(p -> 'lifted') AS n (referral_id uuid, agency_id text,
            kind text)
    LOOP
        DELETE FROM deadline WHERE referral_id = v_lifted.referral_id
            AND agency_id = v_lifted.agency_id AND kind = v_lifted.kind;
    END LOOP;
    IF p ? 'settlement' THEN
        INSERT INTO settlement (center_id, fiscal_year, category, age_bracket, residence_kind)
        SELECT s.center_id, s.fiscal_year, s.category, s.age_bracket, s.residence_kind
        FROM jsonb_to_record(p -> 'settlement') AS s (center_id text, fiscal_year integer,
            category text, age_bracket text, residence_kind text);
    END IF;
    IF p ? 'erased' THEN
        DELETE FROM referral_key WHERE referral_id = (p ->> 'erased')::uuid;
        DELETE FROM deadline WHERE referral_id = (p ->> 'erased')::uuid;
    END IF;
END $$;
"""

# The share lock keeps a withdrawal out until the disclosure is written down; if the case has moved
# since it was read, nothing is written and the reader starts again.
DISCLOSE = f"""
CREATE FUNCTION disclose(p jsonb) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_agency constant text := p ->> 'agency_id';
    v_case record;
    v_opened bigint;
BEGIN
    FOR v_case IN
        SELECT c.id, c.version, (p #>> ARRAY['cases', c.id::text])::bigint AS expected
        FROM "case" c WHERE c.id IN (SELECT k::uuid FROM jsonb_object_keys(p -> 'cases') AS k)
        ORDER BY c.id FOR SHARE
    LOOP
        IF v_case.version <> v_case.expected THEN RETURN false; END IF;
    END LOOP;
    PERFORM write_log(v_at, p -> 'log');
    PERFORM FROM inbox_item i WHERE i.agency_id = v_agency AND i.opened_at IS NULL
        AND i.kind = 'message' AND i.message_id IN (
            SELECT m::uuid FROM jsonb_array_elements_text(p -> 'message_ids') AS m) LIMIT 1;
    IF FOUND THEN
        PERFORM FROM mailbox WHERE agency_id = v_agency FOR UPDATE;
        WITH now_open AS (
            UPDATE inbox_item i SET opened_at = v_at
            WHERE i.agency_id = v_agency AND i.opened_at IS NULL AND i.kind = 'message'
                AND i.message_id IN (
                    SELECT m::uuid FROM jsonb_array_elements_text(p -> 'message_ids') AS m)
            RETURNING i.acknowledged_at
        )
        SELECT count(*) INTO v_opened FROM now_open WHERE acknowledged_at IS NULL;
        UPDATE mailbox SET opened = opened + v_opened WHERE agency_id = v_agency;
    END IF;
    RETURN true;
END $$;
"""

ACKNOWLEDGE = f"""
CREATE FUNCTION acknowledge(
    p_agency text, p_seat text, p_at timestamptz, p_positions bigint[], p_through bigint,
    p_most integer, p_log jsonb
) RETURNS jsonb LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_box mailbox;
    v_done bigint[];
    v_unopened bigint;
BEGIN
    SELECT * INTO v_box FROM mailbox WHERE agency_id = p_agency FOR UPDATE;
    IF v_box.head < ANY (p_positions) OR v_box.head < p_through THEN RETURN NULL; END IF;
    WITH chosen AS (
        SELECT position FROM inbox_item
        WHERE agency_id = p_agency AND acknowledged_at IS NULL
            AND (position = ANY (p_positions) OR position <= p_through)
        ORDER BY position LIMIT p_most
    ), done AS (
        UPDATE inbox_item i SET acknowledged_at = p_at, acknowledged_by = p_seat
        FROM chosen c WHERE i.agency_id = p_agency AND i.position = c.position
        RETURNING i.position, i.opened_at
    )
    SELECT array_agg(position), count(*) FILTER (WHERE opened_at IS NULL)
    INTO v_done, v_unopened FROM done;
    IF v_done IS NOT NULL THEN
        UPDATE mailbox SET acknowledged = acknowledged + cardinality(v_done),
            opened = opened + v_unopened
        WHERE agency_id = p_agency;
        PERFORM write_log(p_at, jsonb_build_array(p_log || jsonb_build_object('detail',
            jsonb_build_object('positions', to_jsonb(v_done)))));
    END IF;
    RETURN jsonb_build_object(
        'acknowledged', coalesce((
            SELECT jsonb_agg(jsonb_build_object('position', i.position,
                'acknowledged_at', i.acknowledged_at, 'acknowledged_by', i.acknowledged_by)
                ORDER BY i.position)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NOT NULL
                AND (i.position = ANY (p_positions) OR i.position = ANY (v_done))
        ), '[]'),
        'more', p_through IS NOT NULL AND EXISTS (
            SELECT FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NULL
                AND i.position <= p_through));
END $$;
"""

TOKENS = f"""
CREATE FUNCTION client_for_token(p_client text) RETURNS TABLE (client_id text, agency_id text,
    secret_hash text, public_jwk jsonb, disabled boolean, agency_disabled boolean, seats jsonb)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT c.id, c.agency_id, c.secret_hash, c.public_jwk, c.disabled_at IS NOT NULL,
        a.disabled_at IS NOT NULL,
        (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'role', s.role, 'classes', s.classes,
                'disabled', s.disabled_at IS NOT NULL) ORDER BY l.position)
         FROM client_seat l JOIN seat s ON s.id = l.seat_id WHERE l.client_id = c.id)
    FROM client c JOIN agency a ON a.id = c.agency_id WHERE c.id = p_client
$$;
CREATE FUNCTION use_assertion(p_client text, p_jti bytea, p_expires timestamptz, p_at timestamptz)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    DELETE FROM assertion_seen WHERE ctid IN (
        SELECT ctid FROM assertion_seen WHERE expires_at < p_at
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO assertion_seen VALUES (p_client, p_jti, p_expires) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
CREATE FUNCTION log_token(p jsonb) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    PERFORM write_log((p ->> 'issued_at')::timestamptz, jsonb_build_array(jsonb_build_object(
        'id', p ->> 'jti', 'kind', 'token', 'agency_id', p ->> 'agency_id',
        'seat_id', p ->> 'seat_id', 'client_id', p ->> 'client_id',
        'agencies', jsonb_build_array(p ->> 'agency_id'),
        'detail', jsonb_build_object('role', p -> 'role', 'scopes', p -> 'scopes',
            'method', p -> 'method', 'expires_at', p -> 'expires_at'))));
END $$;
CREATE FUNCTION disabled_callers() RETURNS jsonb LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object(
        'clients', (SELECT coalesce(jsonb_agg(id), '[]') FROM client WHERE disabled_at IS NOT NULL),
        'seats', (SELECT coalesce(jsonb_agg(id), '[]') FROM seat WHERE disabled_at IS NOT NULL))
$$;
"""

WORKER = f"""
CREATE FUNCTION tell_deadlines(p_at timestamptz, p_today date, p_most integer) RETURNS text[]
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_items jsonb;
BEGIN
    WITH due AS (
        SELECT referral_id, agency_id, kind FROM deadline
        WHERE told_at IS NULL AND due_on <= p_today
            AND may_know(agency_id, referral_id, kind, p_today)
        ORDER BY due_on LIMIT p_most FOR UPDATE SKIP LOCKED
    ), told AS (
        UPDATE deadline d SET told_at = p_at FROM due
        WHERE d.referral_id = due.referral_id AND d.agency_id = due.agency_id AND d.kind = due.kind
        RETURNING d.referral_id, d.agency_id, d.kind
    )
    SELECT jsonb_agg(jsonb_build_object('agency_id', agency_id, 'kind', 'deadline',
        'referral_id', referral_id, 'type', 'deadline.' || kind, 'urgency', 'urgent'))
    INTO v_items FROM told;
    IF v_items IS NULL THEN RETURN '{{}}'; END IF;
    PERFORM deliver(p_at, v_items);
    RETURN (SELECT array_agg(DISTINCT i ->> 'agency_id') FROM jsonb_array_elements(v_items) AS i);
END $$;
CREATE FUNCTION pending_entries(p_most integer)
RETURNS TABLE (id uuid, entry text) LANGUAGE plpgsql {DEFINER} SET timezone = 'UTC' AS $$
BEGIN
    PERFORM FROM log_tree FOR UPDATE;
    RETURN QUERY SELECT e.id, row_to_json(e)::text
        FROM log_pending p JOIN log_entry e ON e.id = p.entry_id ORDER BY e.at, e.id LIMIT p_most;
END $$;
CREATE FUNCTION append_leaves(p_ids uuid[], p_hashes bytea[]) RETURNS bigint
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_size bigint;
BEGIN
    SELECT size INTO v_size FROM log_tree FOR UPDATE;
    DELETE FROM log_pending WHERE entry_id = ANY (p_ids);
    INSERT INTO log_leaf (index, entry_id, hash)
    SELECT v_size + l.nth - 1, l.id, l.hash
    FROM unnest(p_ids, p_hashes) WITH ORDINALITY AS l (id, hash, nth);
    UPDATE log_tree SET size = v_size + cardinality(p_ids);
    RETURN v_size + cardinality(p_ids);
END $$;
"""

API = [
    "write_log(timestamptz, jsonb)",
    "accept(jsonb, uuid[], text[], integer[], bytea[], uuid[], text[], bytea[])",
    "disclose(jsonb)",
    "acknowledge(text, text, timestamptz, bigint[], bigint, integer, jsonb)",
    "client_for_token(text)",
    "use_assertion(text, bytea, timestamptz, timestamptz)",
    "log_token(jsonb)",
    "disabled_callers()",
]
FOR_WORKER = [
    "tell_deadlines(timestamptz, date, integer)",
    "pending_entries(integer)",
    "append_leaves(uuid[], bytea[])",
]
INTERNAL = ["deliver(timestamptz, jsonb)", "accept_rest(timestamptz, uuid, jsonb)"]


def upgrade() -> None:
    """Make the functions; nobody may call one but those it is for."""
    for functions in (LOG, DELIVER, ACCEPT, DISCLOSE, ACKNOWLEDGE, TOKENS, WORKER):
        op.execute(functions)
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in API:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")
    for function in FOR_WORKER:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_worker")


def downgrade() -> None:
    """Take the functions away."""
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
