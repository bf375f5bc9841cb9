-- A page of the requests in a case that the agency was sent or follows. Null if it has no part
-- in the case.
CREATE OR REPLACE FUNCTION list_case_returns(
    p_agency text, p_case uuid, p_due date, p_id uuid, p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM act_for(p_agency);
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT coalesce(jsonb_agg(shown_return(o, p_agency) ORDER BY o.due_on, o.id), '[]')
    FROM (SELECT x.* FROM return_request x WHERE x.case_id = p_case
        AND (x.agency_id = p_agency OR p_agency = ANY (x.seen_by))
        AND (p_id IS NULL OR (x.due_on, x.id) > (p_due, p_id))
        ORDER BY x.due_on, x.id LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_case_returns(text, uuid, date, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_case_returns(text, uuid, date, uuid, integer) TO tsunagu_api;
