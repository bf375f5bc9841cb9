-- One act of the agency.
CREATE OR REPLACE FUNCTION read_act(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT to_jsonb(a) FROM act a WHERE a.id = p_id AND a.agency_id = p_agency);
END $$;
REVOKE ALL ON FUNCTION read_act(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_act(text, uuid) TO tsunagu_api;
