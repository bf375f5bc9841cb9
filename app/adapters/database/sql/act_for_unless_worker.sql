-- In functions that both call: the API acts for the agency of the row that it changes. The worker
-- acts for all of them, in one transaction after another or in the same.
CREATE OR REPLACE FUNCTION act_for_unless_worker(p_agency text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF is_worker() THEN RETURN; END IF;
    IF p_agency IS NULL THEN
        RAISE EXCEPTION 'this is done for no agency, or is not to be done'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM act_for(p_agency);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION act_for_unless_worker(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
