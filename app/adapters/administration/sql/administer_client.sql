-- Add, change, disable or enable a client; answers as `administer_agency` does. A secret that
-- two seats agreed on cannot be fetched once they agreed on another secret or key: otherwise the
-- seat that proposed it could, alone and for an hour, put the secret in place of the newer key.
CREATE OR REPLACE FUNCTION administer_client(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time((p ->> 'at')::timestamptz);
    v_act constant text := p ->> 'act';
    v_seats constant text[] := ARRAY(SELECT jsonb_array_elements_text(p -> 'seats'));
    v_done text := 'done';
    c client;
    v_before text[];
BEGIN
    -- One after another: of two that each leave one more, both together may leave nobody.
    PERFORM FROM agency WHERE id = p ->> 'agency_id' FOR NO KEY UPDATE;
    v_before := able_roles(p ->> 'agency_id');
    IF v_act = 'client.add' THEN
        INSERT INTO client (id, agency_id, name, public_jwk, created_at)
        VALUES (p ->> 'target', p ->> 'agency_id', p ->> 'name',
            nullif(p -> 'public_jwk', 'null'), v_at)
        ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN RETURN 'taken'; END IF;
        v_done := link_client(p ->> 'target', p ->> 'agency_id', v_seats);
    ELSE
        SELECT * INTO c FROM client WHERE id = p ->> 'target' AND agency_id = p ->> 'agency_id'
        FOR UPDATE;
        IF NOT FOUND THEN RETURN NULL; END IF;
        -- Whoever holds its secret or key speaks for all of its seats.
        IF v_act <> 'client.disable' AND EXISTS (
            SELECT FROM client_seat l JOIN seat s ON s.id = l.seat_id
            WHERE l.client_id = c.id AND s.role IN ('operator', 'auditor')) THEN RETURN 'operator_seat'; END IF;
        IF v_act = 'client.link' THEN
            v_done := link_client(c.id, c.agency_id, v_seats);
        ELSIF v_act = 'client.set_key' THEN
            UPDATE client SET public_jwk = p -> 'public_jwk', secret_hash = NULL WHERE id = c.id;
        ELSIF v_act = 'client.secret' THEN
            IF EXISTS (
                SELECT FROM act a JOIN act later ON later.agency_id = a.agency_id
                    AND later.target = a.target AND later.decided_at > a.decided_at
                WHERE a.id = (p ->> 'act_id')::uuid AND a.agency_id = c.agency_id
                    AND later.proposed_at > v_at - interval '8 days' AND later.state = 'approved'
                    AND later.kind IN ('client.set_key', 'client.new_secret')) THEN
                RETURN 'superseded';
            END IF;
            UPDATE client SET secret_hash = p ->> 'secret_hash', public_jwk = NULL WHERE id = c.id;
        ELSIF v_act = 'client.new_secret' THEN
            NULL;  -- the approval alone: the secret is made when it is fetched
        ELSIF (v_act = 'client.disable') = (c.disabled_at IS NOT NULL) THEN
            RETURN 'as_it_is';
        ELSE
            UPDATE client SET disabled_at = CASE WHEN v_act = 'client.disable' THEN v_at END
            WHERE id = c.id;
        END IF;
    END IF;
    IF NOT v_before <@ able_roles(p ->> 'agency_id') THEN
        RAISE EXCEPTION USING ERRCODE = 'TS001', MESSAGE = 'the last client of such a seat';
    END IF;
    IF v_act IN ('client.add', 'client.enable') AND has_too_many_clients(p ->> 'agency_id') THEN
        RAISE EXCEPTION USING ERRCODE = 'TS002', MESSAGE = 'too many clients';
    END IF;
    IF v_done = 'done' THEN PERFORM tell_administration(v_at, p); END IF;
    RETURN v_done;
EXCEPTION  -- and nothing is changed
    WHEN SQLSTATE 'TS001' THEN RETURN 'last_one';
    WHEN SQLSTATE 'TS002' THEN RETURN 'too_many_clients';
END $$;
REVOKE ALL ON FUNCTION administer_client(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION administer_client(jsonb) TO tsunagu_api;
