-- Whether the agency may answer: the request was sent to it, or it follows the answer of an
-- agency that is not connected.
CREATE OR REPLACE FUNCTION may_answer(x return_request, p_agency text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT x.agency_id = p_agency OR p_agency = ANY (x.seen_by)
        AND NOT (SELECT a.connected FROM agency a WHERE a.id = x.agency_id)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION may_answer(return_request, text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
