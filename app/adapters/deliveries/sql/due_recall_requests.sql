-- Lock requests whose time has passed without an answer, and return them.
CREATE OR REPLACE FUNCTION due_recall_requests(p_at timestamptz, p_most integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE x recall_request; v_due jsonb := '[]';
BEGIN
    FOR x IN SELECT * FROM recall_request WHERE state = 'open' AND expires_at <= p_at
        ORDER BY expires_at, id LIMIT p_most FOR UPDATE SKIP LOCKED
    LOOP
        v_due := v_due || to_jsonb(x);
    END LOOP;
    RETURN v_due;
END $$;
REVOKE ALL ON FUNCTION due_recall_requests(timestamptz, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION due_recall_requests(timestamptz, integer) TO tsunagu_worker;
