"""Webhooks: where an agency wants to be knocked at, the notices for it, and every attempt.

A notice is made in the transaction that fills the inbox, so none is forgotten. Whoever carries it
holds it by a lease, never by a transaction. Lock order: mailboxes, webhooks by id, then notices.
"""

from alembic import op

revision = "2026_11_23_8"
down_revision = "2026_11_23_7"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
BY_KEY = "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off"
"""A plan that was made while the tables were small reads all of them for ever."""
INVOKER = "SECURITY INVOKER SET search_path = pg_catalog, public, pg_temp"

FAILING = 3
"""Failures in a row from which an endpoint counts as failing; fewer may be the notice's fault."""
MOST_WEBHOOKS = 20

TABLES = """
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
COMMENT ON COLUMN webhook.client_id IS
    'With seat_id whoever last vouched for it: if either is disabled, nothing leaves.';
CREATE INDEX ix_webhook_agency ON webhook (agency_id) WHERE state <> 'deleted';
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
CREATE INDEX ix_attempt_webhook ON attempt (webhook_id, at, notice_id, number);
CREATE TABLE attempt_total (outcome text PRIMARY KEY, count bigint NOT NULL);
"""

SHOWN = (
    "id, agency_id, client_id, seat_id, url, flows, urgencies, old_until, state, reason,"
    " created_at, changed_at, failures, failing_since, resting_until, succeeded_at"
)

SECURITY = f"""
ALTER TABLE webhook ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE attempt_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON webhook FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
CREATE POLICY own ON notice FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
CREATE POLICY own ON attempt FOR SELECT TO tsunagu_api USING (agency_id = (SELECT me()));
CREATE POLICY own ON attempt_total FOR SELECT TO tsunagu_api USING (false);
GRANT SELECT ({SHOWN}) ON webhook TO tsunagu_api;
GRANT SELECT ON notice, attempt, attempt_total TO tsunagu_api;
"""

OLD_DELIVER = """
CREATE OR REPLACE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void
LANGUAGE plpgsql AS $$
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

# Every value is an id, a code or a time of ours, so nothing in it needs escaping.
PAYLOAD = """'{"type":"inbox.' || v_item.kind || '","timestamp":"'
            || to_char(p_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+09:00"')
            || '","data":{"agency_id":"' || v_item.agency_id || '","position":' || v_position
            || ',"kind":"' || v_item.kind
            || '","referral_id":' || coalesce('"' || v_item.referral_id || '"', 'null')
            || ',"message_id":' || coalesce('"' || v_item.message_id || '"', 'null')
            || ',"message_type":"' || v_item.type || '","urgency":"' || v_item.urgency
            || '"}}'"""

DELIVER = f"""
CREATE OR REPLACE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void
LANGUAGE plpgsql AS $$
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
        INSERT INTO notice (id, webhook_id, agency_id, position, referral_id, message_id, payload,
            created_at, since, due_at)
        SELECT gen_random_uuid(), w.id, v_item.agency_id, v_position, v_item.referral_id,
            v_item.message_id, {PAYLOAD}, p_at, p_at, p_at
        FROM webhook w WHERE w.agency_id = v_item.agency_id AND w.state <> 'deleted'
            AND (w.urgencies IS NULL OR v_item.urgency = ANY (w.urgencies))
            AND (w.flows IS NULL OR v_item.referral_id IS NULL
                 OR (SELECT r.flow FROM referral r WHERE r.id = v_item.referral_id)
                     = ANY (w.flows));
    END LOOP;
END $$;
"""

# What was taken back between the commit and this moment; the message that itself ended a part, or
# told of a withdrawal, still has to arrive.
RIGHTS = f"""
CREATE FUNCTION voucher_gone(p_webhook uuid) RETURNS text LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT CASE
        WHEN a.disabled_at IS NOT NULL THEN 'agency_disabled'
        WHEN c.disabled_at IS NOT NULL THEN 'client_disabled'
        WHEN s.disabled_at IS NOT NULL THEN 'seat_disabled'
        WHEN NOT EXISTS (SELECT FROM client_seat l
            WHERE l.client_id = w.client_id AND l.seat_id = w.seat_id) THEN 'seat_unlinked' END
    FROM webhook w JOIN agency a ON a.id = w.agency_id JOIN client c ON c.id = w.client_id
    JOIN seat s ON s.id = w.seat_id WHERE w.id = p_webhook
$$;
CREATE FUNCTION consent_lost(p_agency text, p_referral uuid, p_since timestamptz, p_today date)
RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT EXISTS (SELECT FROM referral r JOIN consent c ON c.case_id = r.case_id
            JOIN message m ON m.id = c.withdrawn_by
            WHERE r.id = p_referral AND m.accepted_at > p_since AND c.recipients
                && ARRAY[p_agency, (SELECT kind FROM agency WHERE id = p_agency)])
        AND covered(p_agency, p_referral, p_today) IS NULL
$$;
CREATE FUNCTION cancel_notices(p_agency text, p_message uuid, p_reason text, p_at timestamptz)
RETURNS integer LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_count integer;
BEGIN
    WITH cancelled AS (
        UPDATE notice SET state = 'cancelled', reason = p_reason, settled_at = p_at,
            leased_until = NULL, attempts = attempts + 1
        WHERE agency_id = p_agency AND message_id = p_message AND state = 'pending'
        RETURNING id, attempts, webhook_id, agency_id
    ), written AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT id, attempts, webhook_id, agency_id, p_at, p_reason FROM cancelled RETURNING 1
    )
    SELECT count(*) INTO v_count FROM written;
    RETURN v_count;
END $$;
"""

DUE = """n.webhook_id = w.id AND n.state = 'pending' AND n.due_at <= p_at
            AND (n.leased_until IS NULL OR n.leased_until <= p_at)
            AND (w.state = 'active' OR n.position = 0)"""

# An endpoint's row is held while notices for it are taken, so they are taken in order; a failing
# endpoint gets one, and rests until that is settled or its lease is over.
CLAIM = f"""
CREATE FUNCTION claim_notices(p_at timestamptz, p_until timestamptz, p_today date,
    p_most integer, p_room integer, p_busy uuid[], p_rooms integer[])
RETURNS TABLE (id uuid, webhook_id uuid, "position" bigint, payload text, number integer,
    tries integer, since timestamptz, url text, master integer, secret bytea, old_master integer,
    old_secret bytea)
LANGUAGE plpgsql {DEFINER} {BY_KEY} AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH open AS MATERIALIZED (
        SELECT w.*, CASE WHEN w.failures >= {FAILING} THEN 1
                    ELSE coalesce(b.room, p_room) END AS room, voucher_gone(w.id) AS gone
        FROM webhook w LEFT JOIN unnest(p_busy, p_rooms) AS b (id, room) ON b.id = w.id
        WHERE w.state <> 'deleted' AND (w.resting_until IS NULL OR w.resting_until <= p_at)
            AND coalesce(b.room, p_room) > 0
            AND EXISTS (SELECT FROM notice n WHERE {DUE})
        ORDER BY w.id FOR NO KEY UPDATE OF w SKIP LOCKED
    ), due AS (
        SELECT n.*, w.gone, row_number() OVER (PARTITION BY w.id ORDER BY n.position) AS nth
        FROM open w CROSS JOIN LATERAL (
            SELECT n.* FROM notice n WHERE {DUE}
            ORDER BY n.position LIMIT w.room FOR UPDATE SKIP LOCKED) AS n
    ), picked AS (
        SELECT d.*, coalesce(d.gone, CASE WHEN i.recalled_at IS NOT NULL THEN 'recalled'
            WHEN q.until > d.created_at THEN 'party_ended'
            WHEN q.by_consent IS TRUE
                    AND consent_lost(d.agency_id, d.referral_id, d.created_at, p_today)
                THEN 'consent_withdrawn' END) AS lost
        FROM (SELECT * FROM due ORDER BY nth, position LIMIT p_most) AS d
        LEFT JOIN inbox_item i ON i.agency_id = d.agency_id AND i.position = d.position
        LEFT JOIN party q ON q.referral_id = d.referral_id AND q.agency_id = d.agency_id
    ), left_open AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT p.id, p.attempts, p.webhook_id, p.agency_id, p.leased_until, 'lost'
        FROM picked p WHERE p.leased_until IS NOT NULL
        ON CONFLICT DO NOTHING
    ), cancelled AS (
        UPDATE notice n SET state = 'cancelled', reason = p.lost, settled_at = p_at,
            leased_until = NULL, attempts = n.attempts + 1
        FROM picked p WHERE n.id = p.id AND p.lost IS NOT NULL
        RETURNING n.id, n.attempts, n.webhook_id, n.agency_id, n.reason
    ), told AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome)
        SELECT c.id, c.attempts, c.webhook_id, c.agency_id, p_at, c.reason FROM cancelled c
    ), leased AS (
        UPDATE notice n SET leased_until = p_until, attempts = n.attempts + 1
        FROM picked p WHERE n.id = p.id AND p.lost IS NULL
        RETURNING n.id, n.webhook_id, n.position, n.payload, n.attempts, n.tries, n.since
    ), resting AS (
        UPDATE webhook w SET resting_until = p_until
        WHERE w.failures >= {FAILING} AND w.id IN (SELECT l.webhook_id FROM leased l)
    )
    SELECT l.id, l.webhook_id, l.position, l.payload, l.attempts, l.tries, l.since, w.url,
        w.master, w.secret, CASE WHEN w.old_until > p_at THEN w.old_master END,
        CASE WHEN w.old_until > p_at THEN w.old_secret END
    FROM leased l JOIN open w ON w.id = l.webhook_id ORDER BY l.webhook_id, l.position;
END $$;
CREATE FUNCTION release_notices(p_ids uuid[], p_lease timestamptz[]) RETURNS void
LANGUAGE sql {DEFINER} AS $$
    UPDATE notice n SET leased_until = NULL, attempts = n.attempts - 1
    FROM unnest(p_ids, p_lease) AS r (id, lease)
    WHERE n.id = r.id AND n.state = 'pending' AND n.leased_until = r.lease
$$;
"""

SETTLE = f"""
CREATE FUNCTION settle_notices(p_at timestamptz, p_ids uuid[], p_leases timestamptz[],
    p_webhooks uuid[], p_numbers integer[], p_ats timestamptz[], p_outcomes text[],
    p_statuses integer[], p_took integer[], p_answers bytea[], p_dues timestamptz[],
    p_rests timestamptz[], p_tests boolean[])
RETURNS text[] LANGUAGE plpgsql {DEFINER} {BY_KEY} AS $$
DECLARE v record; v_told text[] := '{{}}'; v_agency text;
BEGIN
    PERFORM FROM webhook WHERE id = ANY (p_webhooks) ORDER BY id FOR NO KEY UPDATE;
    WITH result AS (
        SELECT * FROM unnest(p_ids, p_leases, p_webhooks, p_numbers, p_ats, p_outcomes, p_statuses,
            p_took, p_answers, p_dues)
            AS r (id, lease, webhook_id, number, at, outcome, status, took, answer, due)
    ), written AS (
        INSERT INTO attempt (notice_id, number, webhook_id, agency_id, at, outcome, status,
            took_ms, answer)
        SELECT r.id, r.number, r.webhook_id, w.agency_id, r.at, r.outcome, r.status, r.took,
            r.answer
        FROM result r JOIN webhook w ON w.id = r.webhook_id
        ON CONFLICT (notice_id, number) DO UPDATE SET at = excluded.at,
            outcome = excluded.outcome, status = excluded.status, took_ms = excluded.took_ms,
            answer = excluded.answer
    )
    UPDATE notice n SET leased_until = NULL, tries = n.tries + 1,
        state = CASE WHEN r.outcome = 'delivered' THEN 'delivered'
                     WHEN r.due IS NULL THEN 'failed' ELSE 'pending' END,
        due_at = coalesce(r.due, n.due_at),
        settled_at = CASE WHEN r.due IS NULL THEN p_at END,
        reason = CASE WHEN r.outcome <> 'delivered' AND r.due IS NULL THEN 'used_up' END
    FROM result r WHERE n.id = r.id AND n.state <> 'delivered'
        AND (r.outcome = 'delivered' OR n.leased_until = r.lease);
    -- Notices before mailboxes, and these by agency: whoever else takes both takes them so.
    FOR v IN
        SELECT DISTINCT u.webhook_id FROM unnest(p_webhooks, p_outcomes) AS u (webhook_id, outcome)
        WHERE u.outcome = 'delivered' ORDER BY u.webhook_id
    LOOP
        PERFORM reached_endpoint(v.webhook_id, p_at);
    END LOOP;
    FOR v IN
        SELECT r.webhook_id,
            coalesce(bool_or(r.outcome = 'gone' AND NOT r.test), false) AS gone,
            count(*) FILTER (WHERE r.outcome <> 'delivered' AND NOT r.test
                AND r.nth > r.last_good) AS failures,
            max(r.rest) FILTER (WHERE NOT r.test) AS rest
        FROM (SELECT u.*, coalesce(max(u.nth) FILTER (WHERE u.outcome = 'delivered')
                OVER (PARTITION BY u.webhook_id), 0) AS last_good
            FROM unnest(p_webhooks, p_outcomes, p_rests, p_tests) WITH ORDINALITY
                AS u (webhook_id, outcome, rest, test, nth)) AS r
        JOIN webhook w ON w.id = r.webhook_id
        GROUP BY r.webhook_id, w.agency_id ORDER BY w.agency_id, r.webhook_id
    LOOP
        IF v.failures > 0 THEN
            v_agency := missed_endpoint(v.webhook_id, p_at, v.failures::integer, v.rest, v.gone);
            v_told := v_told || v_agency;
        END IF;
    END LOOP;
    INSERT INTO attempt_total (outcome, count)
    SELECT o, count(*) FROM unnest(p_outcomes) AS o GROUP BY o ORDER BY o
    ON CONFLICT (outcome) DO UPDATE SET count = attempt_total.count + excluded.count;
    RETURN array_remove(v_told, NULL);
END $$;
CREATE FUNCTION reached_endpoint(p_webhook uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_before webhook;
BEGIN
    SELECT * INTO v_before FROM webhook WHERE id = p_webhook;
    UPDATE webhook SET failures = 0, failing_since = NULL, resting_until = NULL,
        succeeded_at = p_at WHERE id = p_webhook;
    IF v_before.failures >= {FAILING} THEN
        PERFORM resume_notices(p_webhook, p_at, v_before.failing_since);
    END IF;
END $$;
CREATE FUNCTION resume_notices(p_webhook uuid, p_at timestamptz, p_failed_since timestamptz)
RETURNS void LANGUAGE sql {DEFINER} AS $$
    UPDATE notice SET due_at = p_at WHERE webhook_id = p_webhook AND state = 'pending'
        AND due_at > p_at;
    UPDATE notice SET state = 'pending', due_at = p_at, since = p_at, tries = 0,
        settled_at = NULL, reason = NULL
    WHERE webhook_id = p_webhook AND state = 'failed' AND position > 0
        AND settled_at >= p_failed_since;
$$;
CREATE FUNCTION missed_endpoint(p_webhook uuid, p_at timestamptz, p_failures integer,
    p_rest timestamptz, p_gone boolean)
RETURNS text LANGUAGE plpgsql {DEFINER} AS $$
DECLARE w webhook; v_why text;
BEGIN
    UPDATE webhook SET failures = failures + p_failures,
        failing_since = coalesce(failing_since, p_at),
        resting_until = greatest(p_rest, CASE WHEN failures + p_failures >= {FAILING} THEN p_at
            + least(5 * 2 ^ least(failures + p_failures - {FAILING}, 9), 300)
                * interval '1 second' END)
    WHERE id = p_webhook RETURNING * INTO w;
    v_why := CASE WHEN p_gone THEN 'gone'
        WHEN w.failing_since <= p_at - interval '5 days' THEN 'failing' END;
    IF v_why IS NULL OR w.state <> 'active' THEN RETURN NULL; END IF;
    UPDATE webhook SET reason = v_why, changed_at = p_at,
        state = CASE v_why WHEN 'gone' THEN 'disabled' ELSE 'paused' END WHERE id = p_webhook;
    PERFORM deliver(p_at, jsonb_build_array(jsonb_build_object('agency_id', w.agency_id,
        'kind', 'webhook.paused', 'type', 'webhook.' || v_why, 'urgency', 'urgent')));
    RETURN w.agency_id;
END $$;
"""

MANAGE = f"""
CREATE FUNCTION add_webhook(p jsonb, p_master integer, p_secret bytea, p_log jsonb)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_at constant timestamptz := (p ->> 'at')::timestamptz;
BEGIN
    PERFORM FROM mailbox WHERE agency_id = p ->> 'agency_id' FOR UPDATE;
    IF (SELECT count(*) FROM webhook WHERE agency_id = p ->> 'agency_id'
        AND state <> 'deleted') >= {MOST_WEBHOOKS} THEN RETURN false; END IF;
    INSERT INTO webhook (id, agency_id, client_id, seat_id, url, flows, urgencies, master, secret,
        state, created_at, changed_at)
    SELECT w.id, w.agency_id, w.client_id, w.seat_id, w.url, w.flows, w.urgencies, p_master,
        p_secret, 'active', v_at, v_at
    FROM jsonb_to_record(p) AS w (id uuid, agency_id text, client_id text, seat_id text, url text,
        flows text[], urgencies text[]);
    PERFORM write_log(v_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION change_webhook(p jsonb, p_log jsonb) RETURNS boolean
LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_id constant uuid := (p ->> 'id')::uuid;
    w webhook;
    v_wanted text;
BEGIN
    SELECT * INTO w FROM webhook
    WHERE id = v_id AND agency_id = p ->> 'agency_id' AND state <> 'deleted' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    v_wanted := coalesce(p ->> 'state', w.state);
    UPDATE webhook SET client_id = p ->> 'client_id', seat_id = p ->> 'seat_id', changed_at = v_at,
        url = coalesce(p ->> 'url', url),
        flows = CASE WHEN p ? 'flows' THEN (SELECT array_agg(f)
            FROM jsonb_array_elements_text(nullif(p -> 'flows', 'null')) AS f) ELSE flows END,
        urgencies = CASE WHEN p ? 'urgencies' THEN (SELECT array_agg(u)
            FROM jsonb_array_elements_text(nullif(p -> 'urgencies', 'null')) AS u)
            ELSE urgencies END,
        state = v_wanted,
        reason = CASE WHEN v_wanted = w.state THEN reason
                      WHEN v_wanted = 'paused' THEN 'asked' END
    WHERE id = v_id;
    IF v_wanted = 'active' AND (w.state <> 'active' OR p ? 'url') THEN
        UPDATE webhook SET failures = 0, failing_since = NULL, resting_until = NULL
        WHERE id = v_id;
        PERFORM resume_notices(v_id, v_at, '-infinity');
    END IF;
    PERFORM write_log(v_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION rotate_webhook_secret(p_agency text, p_id uuid, p_at timestamptz,
    p_until timestamptz, p_master integer, p_secret bytea, p_log jsonb)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    UPDATE webhook SET old_master = master, old_secret = secret, old_until = p_until,
        master = p_master, secret = p_secret, changed_at = p_at
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted';
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM write_log(p_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION remove_webhook(p_agency text, p_id uuid, p_at timestamptz, p_log jsonb)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    UPDATE webhook SET state = 'deleted', master = NULL, secret = NULL, old_master = NULL,
        old_secret = NULL, old_until = NULL, changed_at = p_at
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted';
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE notice SET state = 'cancelled', reason = 'webhook_deleted', settled_at = p_at,
        leased_until = NULL
    WHERE webhook_id = p_id AND state = 'pending';
    PERFORM write_log(p_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION test_webhook(p_agency text, p_id uuid, p_notice uuid, p_payload text,
    p_at timestamptz, p_log jsonb)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
    UPDATE webhook SET resting_until = NULL
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted';
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO notice (id, webhook_id, agency_id, position, payload, created_at, since, due_at)
    VALUES (p_notice, p_id, p_agency, 0, p_payload, p_at, p_at, p_at);
    PERFORM write_log(p_at, p_log);
    RETURN true;
END $$;
CREATE FUNCTION replay_notices(p_agency text, p_id uuid, p_notice uuid, p_since timestamptz,
    p_at timestamptz, p_log jsonb)
RETURNS integer LANGUAGE plpgsql {DEFINER} AS $$
DECLARE v_count integer;
BEGIN
    PERFORM FROM webhook
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted' FOR NO KEY UPDATE;
    IF NOT FOUND OR p_notice IS NOT NULL AND NOT EXISTS (
        SELECT FROM notice WHERE id = p_notice AND webhook_id = p_id) THEN RETURN NULL; END IF;
    UPDATE notice SET state = 'pending', due_at = p_at, since = p_at, tries = 0,
        settled_at = NULL, reason = NULL
    WHERE webhook_id = p_id AND position > 0 AND state <> 'pending'
        AND (id = p_notice OR created_at >= p_since);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE webhook SET resting_until = NULL WHERE id = p_id;
    PERFORM write_log(p_at, p_log);
    RETURN v_count;
END $$;
"""

SHOW = f"""
CREATE FUNCTION list_webhooks(p_agency text, p_id uuid) RETURNS text
LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'url', w.url,
        'flows', w.flows, 'urgencies', w.urgencies, 'state', w.state, 'reason', w.reason,
        'created_at', w.created_at, 'changed_at', w.changed_at, 'seat_id', w.seat_id,
        'client_id', w.client_id, 'failures', w.failures, 'failing_since', w.failing_since,
        'succeeded_at', w.succeeded_at, 'old_secret_until', w.old_until,
        'pending', p.pending, 'oldest_pending', p.oldest) ORDER BY w.created_at, w.id), '[]')::text
    FROM webhook w CROSS JOIN LATERAL (
        SELECT count(*) AS pending, min(n.created_at) AS oldest FROM notice n
        WHERE n.webhook_id = w.id AND n.state = 'pending') AS p
    WHERE w.state <> 'deleted' AND (p_id IS NULL OR w.id = p_id));
END $$;
CREATE FUNCTION list_attempts(p_agency text, p_id uuid, p_notice uuid, p_before timestamptz,
    p_before_notice uuid, p_before_number integer, p_limit integer)
RETURNS text LANGUAGE plpgsql {INVOKER} AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF NOT EXISTS (SELECT FROM webhook w WHERE w.id = p_id AND w.state <> 'deleted') THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o)
        ORDER BY o.at DESC, o.notice_id DESC, o.number DESC), '[]')::text
    FROM (SELECT a.notice_id, a.number, a.at, a.outcome, a.status, a.took_ms,
            encode(a.answer, 'base64') AS answer, n.state, n.position, n.referral_id, n.message_id,
            CASE WHEN n.state = 'pending' THEN n.due_at END AS next_at
        FROM attempt a JOIN notice n ON n.id = a.notice_id
        WHERE a.webhook_id = p_id AND (p_notice IS NULL OR a.notice_id = p_notice)
            AND (p_before IS NULL OR (a.at, a.notice_id, a.number)
                < (p_before, p_before_notice, p_before_number))
        ORDER BY a.at DESC, a.notice_id DESC, a.number DESC LIMIT p_limit) AS o);
END $$;
CREATE FUNCTION delivery_figures(p_at timestamptz) RETURNS text LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT jsonb_build_object(
        'webhooks', (SELECT coalesce(jsonb_object_agg(s.state, s.count), '{{}}') FROM (
            SELECT state, count(*) FROM webhook WHERE state <> 'deleted' GROUP BY state) AS s),
        'failing', (SELECT count(*) FROM webhook
            WHERE state = 'active' AND failures >= {FAILING}),
        'attempts', (SELECT coalesce(jsonb_object_agg(outcome, count), '{{}}') FROM attempt_total),
        'unsealed', (SELECT count(*) FROM log_pending),
        'pending', count(*), 'due', count(*) FILTER (WHERE n.due_at <= p_at),
        'oldest', coalesce(extract(epoch FROM p_at - min(n.created_at)), 0),
        'late', coalesce(extract(epoch FROM p_at - min(n.due_at) FILTER (WHERE n.due_at <= p_at
            AND w.failures < {FAILING} AND (n.leased_until IS NULL OR n.leased_until <= p_at))), 0)
    )::text
    FROM notice n JOIN webhook w ON w.id = n.webhook_id
    WHERE n.state = 'pending' AND w.state = 'active'
$$;
"""

API = [
    "add_webhook(jsonb, integer, bytea, jsonb)",
    "change_webhook(jsonb, jsonb)",
    "rotate_webhook_secret(text, uuid, timestamptz, timestamptz, integer, bytea, jsonb)",
    "remove_webhook(text, uuid, timestamptz, jsonb)",
    "test_webhook(text, uuid, uuid, text, timestamptz, jsonb)",
    "replay_notices(text, uuid, uuid, timestamptz, timestamptz, jsonb)",
    "list_webhooks(text, uuid)",
    "list_attempts(text, uuid, uuid, timestamptz, uuid, integer, integer)",
    "delivery_figures(timestamptz)",
]
FOR_WORKER = [
    "claim_notices(timestamptz, timestamptz, date, integer, integer, uuid[], integer[])",
    "release_notices(uuid[], timestamptz[])",
    "settle_notices(timestamptz, uuid[], timestamptz[], uuid[], integer[], timestamptz[], text[],"
    " integer[], integer[], bytea[], timestamptz[], timestamptz[], boolean[])",
]
INTERNAL = [
    "voucher_gone(uuid)",
    "consent_lost(text, uuid, timestamptz, date)",
    "cancel_notices(text, uuid, text, timestamptz)",
    "reached_endpoint(uuid, timestamptz)",
    "resume_notices(uuid, timestamptz, timestamptz)",
    "missed_endpoint(uuid, timestamptz, integer, timestamptz, boolean)",
]


def upgrade() -> None:
    """Make tables and functions; nobody may call one but those it is for."""
    for statements in (TABLES, SECURITY, DELIVER, RIGHTS, CLAIM, SETTLE, MANAGE, SHOW):
        op.execute(statements)
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in API:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_api")
    for function in FOR_WORKER:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tsunagu_worker")


def downgrade() -> None:
    """Take them away. What was not yet delivered stays in the inboxes."""
    op.execute(OLD_DELIVER)
    for function in [*API, *FOR_WORKER, *INTERNAL]:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE attempt_total, attempt, notice, webhook")
