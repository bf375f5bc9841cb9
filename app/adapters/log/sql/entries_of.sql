-- Log entries by id that the agency may read, with their index in the tree.
CREATE OR REPLACE FUNCTION entries_of(p_agency text, p_ids uuid[])
RETURNS TABLE (id uuid, index bigint, entry text)
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT e.id,
        (SELECT r.index FROM log_reader r WHERE r.entry_id = e.id AND r.agency_id = p_agency),
        leaf_form(e)::text
    FROM log_entry e WHERE e.id = ANY (p_ids);
END $$;
REVOKE ALL ON FUNCTION entries_of(text, uuid[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION entries_of(text, uuid[]) TO tsunagu_api;
