-- Whether the newest entry of a case that the agency may read is sealed. The sealer works in the
-- order of writing, so all before it are.
CREATE OR REPLACE FUNCTION case_is_sealed(p_agency text, p_case uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT EXISTS (SELECT FROM log_reader r
            WHERE r.entry_id = e.id AND r.agency_id = p_agency)
        FROM log_entry e WHERE e.case_id = p_case ORDER BY e.at DESC, e.id DESC LIMIT 1);
END $$;
REVOKE ALL ON FUNCTION case_is_sealed(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_is_sealed(text, uuid) TO tsunagu_api;
