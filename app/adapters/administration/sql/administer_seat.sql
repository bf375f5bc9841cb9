-- Add, change, disable or enable a seat; answers as `administer_agency` does. Seats of operators
-- and auditors are given by whoever has the owner's login, and by nobody else: an agency could
-- otherwise make itself the operator, or audit itself. Nothing takes the last decider or the last
-- records officer from an agency (`last_one`).
CREATE OR REPLACE FUNCTION administer_seat(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time((p ->> 'at')::timestamptz);
    v_act constant text := p ->> 'act';
    s seat;
    v_before text[];
BEGIN
    IF p ->> 'role' IN ('operator', 'auditor') THEN RETURN 'operator_seat'; END IF;
    -- One after another: of two that each leave one more, both together may leave nobody.
    PERFORM FROM agency WHERE id = p ->> 'agency_id' FOR NO KEY UPDATE;
    v_before := able_roles(p ->> 'agency_id');
    IF v_act = 'seat.add' THEN
        INSERT INTO seat (id, agency_id, name, role, classes, created_at)
        VALUES (p ->> 'target', p ->> 'agency_id', p ->> 'name', p ->> 'role',
            ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')), v_at)
        ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN RETURN 'taken'; END IF;
    ELSE
        SELECT * INTO s FROM seat WHERE id = p ->> 'target' AND agency_id = p ->> 'agency_id'
        FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        IF s.role IN ('operator', 'auditor') AND v_act <> 'seat.disable' THEN RETURN 'operator_seat'; END IF;
        IF v_act = 'seat.change' THEN
            UPDATE seat SET role = coalesce(p ->> 'role', role),
                classes = CASE WHEN jsonb_typeof(p -> 'classes') = 'array'
                    THEN ARRAY(SELECT jsonb_array_elements_text(p -> 'classes')) ELSE classes END
            WHERE id = s.id;
        ELSIF (v_act = 'seat.disable') = (s.disabled_at IS NOT NULL) THEN
            RETURN 'as_it_is';
        ELSE
            UPDATE seat SET disabled_at = CASE WHEN v_act = 'seat.disable' THEN v_at END
            WHERE id = s.id;
        END IF;
    END IF;
    IF NOT v_before <@ able_roles(p ->> 'agency_id') THEN
        RAISE EXCEPTION USING ERRCODE = 'TS001', MESSAGE = 'the last seat of its role';
    END IF;
    PERFORM tell_administration(v_at, p);
    RETURN 'done';
EXCEPTION WHEN SQLSTATE 'TS001' THEN RETURN 'last_one';  -- and nothing is changed
END $$;
REVOKE ALL ON FUNCTION administer_seat(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION administer_seat(jsonb) TO tsunagu_api;
