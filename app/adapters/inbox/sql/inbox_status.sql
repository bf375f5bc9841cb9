-- How many items wait in an inbox, and the oldest of them.
CREATE OR REPLACE FUNCTION inbox_status(p_agency text) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT jsonb_build_object('head', m.head,
        'counts', jsonb_build_object('waiting', m.head - m.opened,
            'unacknowledged', m.head - m.acknowledged, 'acknowledged', m.acknowledged),
        'oldest_waiting', (
            SELECT jsonb_build_object('position', i.position, 'accepted_at', i.accepted_at)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.opened_at IS NULL
                AND i.acknowledged_at IS NULL AND i.recalled_at IS NULL ORDER BY i.position LIMIT 1),
        'oldest_unacknowledged', (
            SELECT jsonb_build_object('position', i.position, 'accepted_at', i.accepted_at)
            FROM inbox_item i WHERE i.agency_id = p_agency AND i.acknowledged_at IS NULL
            ORDER BY i.position LIMIT 1))::text
        FROM mailbox m WHERE m.agency_id = p_agency);
END $$;
REVOKE ALL ON FUNCTION inbox_status(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION inbox_status(text) TO tsunagu_api;
