-- Log entries that name the agency, after an index of the tree.
CREATE OR REPLACE FUNCTION own_entries(p_agency text, p_after bigint, p_most integer)
RETURNS TABLE (index bigint, entry text)
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT r.index,
        (SELECT leaf_form(e)::text FROM log_entry e WHERE e.id = r.entry_id)
    FROM log_reader r WHERE r.agency_id = p_agency AND r.index > p_after
    ORDER BY r.index LIMIT p_most;
END $$;
REVOKE ALL ON FUNCTION own_entries(text, bigint, integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION own_entries(text, bigint, integer) TO tsunagu_api;
