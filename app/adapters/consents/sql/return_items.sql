-- Inbox items about a request: for the agency itself if it is connected; for the agencies that
-- follow the answer if it is not, or if they are to be notified as well.
CREATE OR REPLACE FUNCTION return_items(x return_request, p_item jsonb, p_only_if_absent boolean)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_agg(told.item), '[]') FROM agency a CROSS JOIN LATERAL (
        SELECT p_item || jsonb_build_object('agency_id', a.id) AS item WHERE a.connected
        UNION ALL
        SELECT p_item || jsonb_build_object('agency_id', s, 'from_party', x.party,
            'from_agency', x.agency_id)
        FROM unnest(x.seen_by) AS s JOIN agency b ON b.id = s
        WHERE b.connected AND NOT (a.connected AND p_only_if_absent)) AS told
    WHERE a.id = x.agency_id
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION return_items(return_request, jsonb, boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
