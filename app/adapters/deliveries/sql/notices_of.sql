-- The notices of an inbox item with their attempts. They are looked up by message: notices have
-- no index by agency, and a message has few.
CREATE OR REPLACE FUNCTION notices_of(p_agency text, p_message uuid, p_position bigint)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
-- Called by other functions only.
REVOKE ALL ON FUNCTION notices_of(text, uuid, bigint) FROM PUBLIC, tsunagu_api, tsunagu_worker;
