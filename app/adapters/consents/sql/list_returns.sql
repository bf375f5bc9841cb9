-- A page of the requests to this agency, open ones first.
CREATE OR REPLACE FUNCTION list_returns(
    p_agency text, p_done boolean, p_due date, p_id uuid, p_limit integer
) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT coalesce(jsonb_agg(shown_return(o, p_agency)
        ORDER BY NOT o.is_open, o.due_on, o.id), '[]')
    FROM (SELECT x.* FROM return_request x WHERE x.agency_id = p_agency
        AND (p_id IS NULL OR (NOT x.is_open, x.due_on, x.id) > (p_done, p_due, p_id))
        ORDER BY NOT x.is_open, x.due_on, x.id LIMIT p_limit) AS o);
END $$;
REVOKE ALL ON FUNCTION list_returns(text, boolean, date, uuid, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_returns(text, boolean, date, uuid, integer) TO tsunagu_api;
