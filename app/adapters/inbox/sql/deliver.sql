-- Put items into inboxes, and make a notice for each webhook that subscribes to them. Positions
-- are assigned last, from the mailbox's own row: they have no gap, and are in the order of
-- commits. Mailboxes are locked in the order of their ids, so that two writers never wait for
-- each other. Items are written one by one: joined as a set, they make a plan that reads every
-- mailbox. An item about a referral is a change of it for this agency, and numbered as such. One
-- without a kind is only that: the agency's own message, of which its inbox is not told. The
-- service's own items are never earlier than what the mailbox holds; messages have the time that
-- their receipts name. In a notice every value is an id, a code or a time of ours, so nothing
-- needs escaping.
CREATE OR REPLACE FUNCTION deliver(p_at timestamptz, p_items jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_item record;
    v_position bigint; v_change bigint; v_latest timestamptz; v_time timestamptz;
BEGIN
    FOR v_item IN
        SELECT i.* FROM ROWS FROM (jsonb_to_recordset(p_items) AS (agency_id text, kind text,
            referral_id uuid, message_id uuid, type text, from_party text, from_agency text,
            urgency text, to_print boolean, paper_received_on date, paper_medium text))
            WITH ORDINALITY AS i
        ORDER BY i.agency_id, i.ordinality
    LOOP
        UPDATE mailbox SET head = head + (v_item.kind IS NOT NULL)::integer,
            changes = changes + (v_item.referral_id IS NOT NULL)::integer,
            latest_at = greatest(latest_at, p_at)
        WHERE agency_id = v_item.agency_id
        RETURNING head, changes, latest_at INTO v_position, v_change, v_latest;
        IF v_item.referral_id IS NOT NULL THEN
            INSERT INTO referral_change AS c (agency_id, referral_id, number)
            VALUES (v_item.agency_id, v_item.referral_id, v_change)
            ON CONFLICT (agency_id, referral_id) DO UPDATE SET number = excluded.number;
        END IF;
        CONTINUE WHEN v_item.kind IS NULL;
        v_time := CASE WHEN v_item.kind = 'message' THEN p_at ELSE v_latest END;
        INSERT INTO inbox_item (agency_id, position, kind, referral_id, message_id, type,
            from_party, from_agency, urgency, accepted_at, to_print,
            paper_received_on, paper_medium)
        VALUES (v_item.agency_id, v_position, v_item.kind, v_item.referral_id, v_item.message_id,
            v_item.type, v_item.from_party, v_item.from_agency, v_item.urgency, v_time,
            coalesce(v_item.to_print, false), v_item.paper_received_on, v_item.paper_medium);
        INSERT INTO notice (id, webhook_id, agency_id, position, referral_id, message_id, payload,
            created_at, since, due_at)
        SELECT gen_random_uuid(), w.id, v_item.agency_id, v_position, v_item.referral_id,
            v_item.message_id, '{"type":"inbox.' || v_item.kind || '","timestamp":"'
            || to_char(v_time AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+09:00"')
            || '","data":{"agency_id":"' || v_item.agency_id || '","position":' || v_position
            || ',"kind":"' || v_item.kind
            || '","referral_id":' || coalesce('"' || v_item.referral_id || '"', 'null')
            || ',"message_id":' || coalesce('"' || v_item.message_id || '"', 'null')
            || ',"message_type":"' || v_item.type || '","urgency":"' || v_item.urgency
            || '"}}', p_at, p_at, p_at
        FROM webhook w WHERE w.agency_id = v_item.agency_id AND w.state <> 'deleted'
            AND (w.urgencies IS NULL OR v_item.urgency = ANY (w.urgencies))
            AND (w.flows IS NULL OR v_item.referral_id IS NULL
                 OR (SELECT r.flow FROM referral r WHERE r.id = v_item.referral_id)
                     = ANY (w.flows));
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION deliver(timestamptz, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
