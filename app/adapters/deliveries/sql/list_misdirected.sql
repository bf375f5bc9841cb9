-- A page of the misdirected disclosures that the agency sent or got, newest first.
CREATE OR REPLACE FUNCTION list_misdirected(
    p_agency text, p_before timestamptz, p_before_id uuid, p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_recall(o) ORDER BY o.recalled_at DESC, o.id DESC), '[]')
        FROM (SELECT x.* FROM recall x
            WHERE x.disclosed AND p_agency IN (x.sender_agency, x.recipient_agency)
                AND (p_before IS NULL OR (x.recalled_at, x.id) < (p_before, p_before_id))
            ORDER BY x.recalled_at DESC, x.id DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_misdirected(text, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_misdirected(text, timestamptz, uuid, integer) TO tsunagu_api;
