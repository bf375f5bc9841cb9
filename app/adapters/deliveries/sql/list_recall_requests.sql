-- A page of the requests that the agency has made or was sent, newest first.
CREATE OR REPLACE FUNCTION list_recall_requests(
    p_agency text, p_before timestamptz, p_before_id uuid, p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY o.requested_at DESC, o.id DESC), '[]')
        FROM (SELECT x.* FROM recall_request x
            WHERE p_agency IN (x.sender_agency, x.recipient_agency)
                AND (p_before IS NULL OR (x.requested_at, x.id) < (p_before, p_before_id))
            ORDER BY x.requested_at DESC, x.id DESC LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_recall_requests(text, timestamptz, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_recall_requests(text, timestamptz, uuid, integer) TO tsunagu_api;
