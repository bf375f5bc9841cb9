-- Lift a legal hold that has not ended yet. Clocks that were put off become due again. Returns null
-- if the agency was never a party; otherwise the reason of a refusal, or the case.
CREATE OR REPLACE FUNCTION lift_hold(p jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_case uuid;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    SELECT k.id INTO v_case
    FROM referral r JOIN party q ON q.referral_id = r.id JOIN "case" k ON k.id = r.case_id
    WHERE r.id = (p ->> 'referral_id')::uuid AND q.agency_id = p ->> 'agency_id' FOR UPDATE OF k;
    IF NOT FOUND THEN RETURN NULL; END IF;
    UPDATE legal_hold SET lifted_at = service_time((p ->> 'at')::timestamptz)
    WHERE case_id = v_case AND referral_id = (p ->> 'referral_id')::uuid
        AND agency_id = p ->> 'agency_id' AND lifted_at IS NULL AND until > now();
    IF NOT FOUND THEN RETURN jsonb_build_object('reason', 'not_held'); END IF;
    UPDATE retention t SET held = false FROM referral r
    WHERE r.case_id = v_case AND t.referral_id = r.id AND t.held;
    RETURN jsonb_build_object('case_id', v_case);
END $$;
REVOKE ALL ON FUNCTION lift_hold(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION lift_hold(jsonb) TO tsunagu_api;
