-- Connect, disable or enable an agency: for operators only. This function and its like answer null for what is not
-- there or is not this agency's (these two look the same), a code if it cannot be done, and
-- otherwise `done`. Log entries are written in the same transaction.
CREATE OR REPLACE FUNCTION administer_agency(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time((p ->> 'at')::timestamptz);
    v_act constant text := p ->> 'act';
    a agency;
BEGIN
    PERFORM check_operator(p ->> 'agency_id');
    SELECT * INTO a FROM agency WHERE id = p ->> 'target' FOR UPDATE;
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF a.id = p ->> 'agency_id' AND v_act = 'agency.disable' THEN RETURN 'own_agency'; END IF;
    IF v_act = 'agency.connect' THEN
        IF a.connected THEN RETURN 'as_it_is'; END IF;
        UPDATE agency SET connected = true WHERE id = a.id;
    ELSIF (v_act = 'agency.disable') = (a.disabled_at IS NOT NULL) THEN
        RETURN 'as_it_is';
    ELSE
        UPDATE agency SET disabled_at = CASE WHEN v_act = 'agency.disable' THEN v_at END
        WHERE id = a.id;
    END IF;
    PERFORM tell_administration(v_at, p);
    RETURN 'done';
END $$;
REVOKE ALL ON FUNCTION administer_agency(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION administer_agency(jsonb) TO tsunagu_api;
