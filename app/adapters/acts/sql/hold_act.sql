-- Lock an act, and return it with the present role and state of the seat that proposed it: an act
-- must not take effect if that seat was disabled or given another role.
CREATE OR REPLACE FUNCTION hold_act(p_agency text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_act act;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO v_act FROM act WHERE id = p_id AND agency_id = p_agency FOR UPDATE;
    RETURN CASE WHEN FOUND THEN to_jsonb(v_act) || jsonb_build_object('proposer', (
        SELECT jsonb_build_object('role', s.role, 'disabled', s.disabled_at IS NOT NULL)
        FROM seat s WHERE s.id = v_act.proposed_by AND s.agency_id = v_act.agency_id)) END;
END $$;
REVOKE ALL ON FUNCTION hold_act(text, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_act(text, uuid) TO tsunagu_api;
