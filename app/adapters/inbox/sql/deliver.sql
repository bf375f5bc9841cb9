-- Put items into inboxes, and make a notice for each webhook that subscribes to them. Positions
-- are assigned last, from the mailbox's own row: they have no gap, and are in the order of
-- commits. Mailboxes are locked in the order of their ids, so that two writers never wait for
-- each other. Each is raised once, by its key: joined as a set, they make a plan that reads every
-- mailbox. An item about a referral is a change of it for this agency, and numbered as such. One
-- without a kind is only that: the agency's own message, of which its inbox is not told. An item
-- without a time of its own has `p_at`. The service's own items are never earlier than what the
-- mailbox holds; messages have the time that their receipts name. In a notice every value is an id,
-- a code or a time of ours, so nothing needs escaping.
CREATE OR REPLACE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_box record;
    v_agencies text[] := '{}'; v_heads bigint[] := '{}'; v_changes bigint[] := '{}';
    v_latest timestamptz[] := '{}';
    v_head bigint; v_change bigint; v_time timestamptz;
BEGIN
    FOR v_box IN
        SELECT i.agency_id, count(i.kind) AS items, count(i.referral_id) AS changes,
            max(coalesce(i.at, p_at)) AS at
        FROM jsonb_to_recordset(p_items) AS i (agency_id text, kind text, referral_id text,
            at timestamptz)
        GROUP BY i.agency_id ORDER BY i.agency_id
    LOOP
        UPDATE mailbox SET head = head + v_box.items, changes = changes + v_box.changes,
            latest_at = greatest(latest_at, v_box.at)
        WHERE agency_id = v_box.agency_id
        RETURNING head - v_box.items, changes - v_box.changes, latest_at
        INTO STRICT v_head, v_change, v_time;
        v_agencies := v_agencies || v_box.agency_id;
        v_heads := v_heads || v_head;
        v_changes := v_changes || v_change;
        v_latest := v_latest || v_time;
    END LOOP;
    WITH item AS MATERIALIZED (
        SELECT i.*, b.latest, coalesce(i.at, p_at) AS own_at,
            b.head + count(i.kind) OVER earlier AS position,
            b.change + count(i.referral_id) OVER earlier AS change
        FROM ROWS FROM (jsonb_to_recordset(p_items) AS (agency_id text, kind text,
            referral_id uuid, message_id uuid, type text, from_party text, from_agency text,
            urgency text, to_print boolean, paper_received_on date, paper_medium text,
            at timestamptz)) WITH ORDINALITY AS i (agency_id, kind, referral_id, message_id, type,
            from_party, from_agency, urgency, to_print, paper_received_on, paper_medium, at, nth)
        JOIN unnest(v_agencies, v_heads, v_changes, v_latest) AS b (agency_id, head, change, latest)
            USING (agency_id)
        WINDOW earlier AS (PARTITION BY i.agency_id ORDER BY i.nth)
    ), numbered AS (
        INSERT INTO referral_change AS c (agency_id, referral_id, number)
        SELECT agency_id, referral_id, max(change) FROM item WHERE referral_id IS NOT NULL
        GROUP BY 1, 2
        ON CONFLICT (agency_id, referral_id) DO UPDATE SET number = excluded.number
    ), put AS (
        INSERT INTO inbox_item (agency_id, position, kind, referral_id, message_id, type,
            from_party, from_agency, urgency, accepted_at, to_print, paper_received_on,
            paper_medium)
        SELECT agency_id, position, kind, referral_id, message_id, type, from_party, from_agency,
            urgency, CASE WHEN kind = 'message' THEN own_at ELSE latest END,
            coalesce(to_print, false), paper_received_on, paper_medium
        FROM item WHERE kind IS NOT NULL
        RETURNING agency_id, position, kind, referral_id, message_id, type, urgency, accepted_at
    )
    INSERT INTO notice (id, webhook_id, agency_id, position, referral_id, message_id, payload,
        created_at, since, due_at)
    SELECT gen_random_uuid(), w.id, i.agency_id, i.position, i.referral_id, i.message_id,
        '{"type":"inbox.' || i.kind || '","timestamp":"'
        || to_char(i.accepted_at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+09:00"')
        || '","data":{"agency_id":"' || i.agency_id || '","position":' || i.position
        || ',"kind":"' || i.kind
        || '","referral_id":' || coalesce('"' || i.referral_id || '"', 'null')
        || ',"message_id":' || coalesce('"' || i.message_id || '"', 'null')
        || ',"message_type":"' || i.type || '","urgency":"' || i.urgency || '"}}', p_at, p_at, p_at
    FROM put AS i CROSS JOIN LATERAL (
        -- One look-up for each item, whatever the planner thinks of the table.
        SELECT h.id FROM webhook h WHERE h.agency_id = i.agency_id AND h.state <> 'deleted'
            AND (h.urgencies IS NULL OR i.urgency = ANY (h.urgencies))
            AND (h.flows IS NULL OR i.referral_id IS NULL
                 OR (SELECT r.flow FROM referral r WHERE r.id = i.referral_id) = ANY (h.flows))
        OFFSET 0) AS w;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION deliver(timestamptz, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
