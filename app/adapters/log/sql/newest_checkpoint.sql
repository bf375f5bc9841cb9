-- The newest signed checkpoint.
CREATE OR REPLACE FUNCTION newest_checkpoint(p_agency text) RETURNS text
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN (SELECT c.note FROM log_checkpoint c ORDER BY c.size DESC LIMIT 1);
END $$;
REVOKE ALL ON FUNCTION newest_checkpoint(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION newest_checkpoint(text) TO tsunagu_api;
