-- A page of the agency's acts, newest first; with `p_waiting` only those that still wait at that
-- time. Two queries, so that each has a plan that uses its index.
CREATE OR REPLACE FUNCTION list_acts(
    p_agency text, p_waiting timestamptz, p_before timestamptz, p_before_id uuid,
    p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    IF p_waiting IS NOT NULL THEN
        RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.proposed_at DESC, o.id DESC), '[]')
            FROM (SELECT a.* FROM act a
                WHERE a.agency_id = p_agency AND a.state = 'proposed' AND a.expires_at > p_waiting
                    AND (p_before IS NULL OR (a.proposed_at, a.id) < (p_before, p_before_id))
                ORDER BY a.proposed_at DESC, a.id DESC LIMIT p_limit) AS o);
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.proposed_at DESC, o.id DESC), '[]')
        FROM (SELECT a.* FROM act a
            WHERE a.agency_id = p_agency
                AND (p_before IS NULL OR (a.proposed_at, a.id) < (p_before, p_before_id))
            ORDER BY a.proposed_at DESC, a.id DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_acts(text, timestamptz, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_acts(text, timestamptz, timestamptz, uuid, integer) TO tsunagu_api;
