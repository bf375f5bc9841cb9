-- The agencies for which this transaction acts by one call: one, as `act_for` says, or several.
-- Then nothing else is read, written or logged by it in the name of any.
CREATE OR REPLACE FUNCTION act_for_each(p_agencies text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT count(DISTINCT a) FROM unnest(p_agencies) AS a) = 1 THEN
        PERFORM act_for(p_agencies[1]);
        RETURN;
    END IF;
    IF me() IS NOT NULL THEN
        RAISE EXCEPTION 'this transaction acts for another agency'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM set_config('app.agency', '*', true);  -- the id of no agency
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION act_for_each(text[]) FROM PUBLIC, tsunagu_api, tsunagu_worker;
