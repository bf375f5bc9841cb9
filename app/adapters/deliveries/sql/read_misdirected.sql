-- One misdirected disclosure, to its sender or its recipient.
CREATE OR REPLACE FUNCTION read_misdirected(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT shown_recall(x) FROM recall x WHERE x.id = p_id AND x.disclosed);
END $$;
REVOKE ALL ON FUNCTION read_misdirected(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_misdirected(text, uuid) TO tsunagu_api;
