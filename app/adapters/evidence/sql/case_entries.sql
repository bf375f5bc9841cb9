-- The log entries of one case that one agency may read. Each index in the tree is looked up by
-- itself: as a join, the plan would read the whole log once it has grown.
CREATE OR REPLACE FUNCTION case_entries(p_agency text, p_case uuid, p_most integer)
RETURNS TABLE (index bigint, entry text)
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT
        (SELECT r.index FROM log_reader r WHERE r.entry_id = e.id AND r.agency_id = p_agency),
        leaf_form(e)::text
    FROM log_entry e WHERE e.case_id = p_case LIMIT p_most;
END $$;
REVOKE ALL ON FUNCTION case_entries(text, uuid, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_entries(text, uuid, integer) TO tsunagu_api;
