-- Make a test notice for an endpoint. It has position 0, so that it goes before all others. One
-- that has not proven itself is asked for the proof again instead.
CREATE OR REPLACE FUNCTION test_webhook(
    p_agency text, p_id uuid, p_notice uuid, p_payload text, p_at timestamptz, p_log jsonb
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_challenge uuid;
BEGIN
    PERFORM act_for(p_agency);
    UPDATE webhook SET resting_until = NULL
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted'
    RETURNING challenge INTO v_challenge;
    IF NOT FOUND THEN RETURN false; END IF;
    IF v_challenge IS NULL THEN
        INSERT INTO notice (id, webhook_id, agency_id, position, payload, created_at, since, due_at)
        VALUES (p_notice, p_id, p_agency, 0, p_payload, p_at, p_at, p_at);
    ELSE
        PERFORM ask_proof(p_id, p_notice, p_at);
    END IF;
    PERFORM write_log_of(p_agency, p_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION test_webhook(text, uuid, uuid, text, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION test_webhook(text, uuid, uuid, text, timestamptz, jsonb) TO tsunagu_api;
