-- Add, change, disable or enable a seat; answers as `administer_agency` does. Seats of operators
-- and auditors are given by whoever has the owner's login, and by nobody else: an agency could
-- otherwise make itself the operator, or audit itself.
CREATE OR REPLACE FUNCTION administer_seat(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_act constant text := p ->> 'act';
    s seat;
BEGIN
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
    PERFORM tell_administration(v_at, p);
    RETURN 'done';
END $$;
REVOKE ALL ON FUNCTION administer_seat(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION administer_seat(jsonb) TO tsunagu_api;
