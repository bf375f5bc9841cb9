-- Refuse what only operators do, for an agency without a seat of one. The transaction acts for the
-- agency that it named first; if it named none, for the one given here.
CREATE OR REPLACE FUNCTION check_operator(p_agency text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF me() IS NULL THEN PERFORM act_for(p_agency); END IF;
    IF NOT EXISTS (
        SELECT FROM seat WHERE agency_id = me() AND role = 'operator' AND disabled_at IS NULL) THEN
        RAISE EXCEPTION 'only operators do this' USING ERRCODE = 'check_violation';
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION check_operator(text) FROM PUBLIC, tsunagu_api, tsunagu_worker;
