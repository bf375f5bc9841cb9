-- Trigger of agencies, seats and clients: stops their tokens. Deferred, so that the row with the
-- count is locked last and two administrators never wait for each other in a circle.
CREATE OR REPLACE FUNCTION caller_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM stop_tokens(TG_TABLE_NAME, OLD.id);
    RETURN NULL;
END $$;
-- Called by its triggers only.
REVOKE ALL ON FUNCTION caller_changed() FROM PUBLIC, tsunagu_api, tsunagu_worker;
