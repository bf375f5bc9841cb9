-- The agency for which this transaction acts. Whoever is named first stays: a transaction that
-- reads in the name of one agency does not write, log or answer in that of another.
CREATE OR REPLACE FUNCTION act_for(p_agency text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF me() IS NOT NULL AND me() IS DISTINCT FROM p_agency THEN
        RAISE EXCEPTION 'this transaction acts for another agency'
            USING ERRCODE = 'check_violation';
    END IF;
    IF me() IS NULL THEN PERFORM set_config('app.agency', coalesce(p_agency, ''), true); END IF;
    RETURN me();
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION act_for(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
