-- Lock proposed acts that have expired, and return them.
CREATE OR REPLACE FUNCTION due_acts(p_at timestamptz, p_most integer) RETURNS jsonb
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(to_jsonb(a)), '[]') FROM (
        SELECT * FROM act WHERE state = 'proposed' AND expires_at <= p_at
        ORDER BY expires_at LIMIT p_most FOR UPDATE SKIP LOCKED) AS a
$$;
REVOKE ALL ON FUNCTION due_acts(timestamptz, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_acts(timestamptz, integer) TO tsunagu_worker;
