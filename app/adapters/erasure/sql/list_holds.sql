-- A page of the agency's own legal holds that have not ended, newest first.
CREATE OR REPLACE FUNCTION list_holds(
    p_agency text, p_before timestamptz, p_before_id uuid, p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.set_at DESC, o.id DESC), '[]')
        FROM (SELECT h.id, h.referral_id, h.whole_case, h.reason, h.set_at, h.until
            FROM legal_hold h
            WHERE h.agency_id = p_agency AND h.lifted_at IS NULL AND h.until > now()
                AND (p_before IS NULL OR (h.set_at, h.id) < (p_before, p_before_id))
            ORDER BY h.set_at DESC, h.id DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_holds(text, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_holds(text, timestamptz, uuid, integer) TO tsunagu_api;
