-- Notify agencies of lockouts of their clients, in the log and in inboxes. Answers the agencies
-- that were notified.
CREATE OR REPLACE FUNCTION tell_lockouts(p_at timestamptz, p_most integer) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_told jsonb;
BEGIN
    WITH due AS (
        SELECT client_id, untold FROM lockout WHERE next_at <= p_at
        ORDER BY next_at LIMIT p_most FOR UPDATE SKIP LOCKED
    ), told AS (
        UPDATE lockout l SET untold = 0, next_at = NULL, told_at = p_at FROM due
        WHERE l.client_id = due.client_id RETURNING l.client_id
    )
    SELECT jsonb_agg(jsonb_build_object('client_id', c.id, 'agency_id', c.agency_id,
        'lockouts', due.untold)) INTO v_told
    FROM due JOIN told USING (client_id) JOIN client c ON c.id = due.client_id;
    IF v_told IS NULL THEN RETURN '{}'; END IF;
    PERFORM write_log(p_at, (SELECT jsonb_agg(jsonb_build_object('id', gen_random_uuid(),
            'kind', 'lockout', 'agency_id', t ->> 'agency_id', 'client_id', t ->> 'client_id',
            'agencies', jsonb_build_array(t ->> 'agency_id'),
            'detail', jsonb_build_object('lockouts', t -> 'lockouts')))
        FROM jsonb_array_elements(v_told) AS t));
    PERFORM deliver(p_at, (SELECT jsonb_agg(jsonb_build_object('agency_id', t ->> 'agency_id',
            'kind', 'security.lockout', 'type', 'security.lockout', 'urgency', 'urgent'))
        FROM jsonb_array_elements(v_told) AS t));
    RETURN (SELECT array_agg(DISTINCT t ->> 'agency_id') FROM jsonb_array_elements(v_told) AS t);
END $$;
REVOKE ALL ON FUNCTION tell_lockouts(timestamptz, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION tell_lockouts(timestamptz, integer) TO tsunagu_worker;
