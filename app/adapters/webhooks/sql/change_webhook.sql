-- Change, pause or resume an endpoint. One that is resumed, or moves to another URL, starts with no
-- failures, and its waiting notices are due at once; at another URL it has to prove itself anew.
CREATE OR REPLACE FUNCTION change_webhook(p jsonb, p_log jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := (p ->> 'at')::timestamptz;
    v_id constant uuid := (p ->> 'id')::uuid;
    w webhook;
    v_wanted text;
BEGIN
    PERFORM act_for(p ->> 'agency_id');
    SELECT * INTO w FROM webhook
    WHERE id = v_id AND agency_id = p ->> 'agency_id' AND state <> 'deleted' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    v_wanted := coalesce(p ->> 'state', w.state);
    UPDATE webhook SET client_id = p ->> 'client_id', seat_id = p ->> 'seat_id', changed_at = v_at,
        url = coalesce(p ->> 'url', url),
        flows = CASE WHEN p ? 'flows' THEN (SELECT array_agg(f)
            FROM jsonb_array_elements_text(nullif(p -> 'flows', 'null')) AS f) ELSE flows END,
        urgencies = CASE WHEN p ? 'urgencies' THEN (SELECT array_agg(u)
            FROM jsonb_array_elements_text(nullif(p -> 'urgencies', 'null')) AS u)
            ELSE urgencies END,
        state = v_wanted,
        reason = CASE WHEN v_wanted = w.state THEN reason
                      WHEN v_wanted = 'paused' THEN 'asked' END
    WHERE id = v_id;
    IF v_wanted = 'active' AND (w.state <> 'active' OR p ? 'url') THEN
        UPDATE webhook SET failures = 0, failing_since = NULL, resting_until = NULL
        WHERE id = v_id;
        PERFORM resume_notices(v_id, v_at, '-infinity');
    END IF;
    IF p ->> 'url' <> w.url THEN
        PERFORM ask_proof(v_id, gen_random_uuid(), v_at);
    END IF;
    PERFORM write_log_of(p ->> 'agency_id', v_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION change_webhook(jsonb, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION change_webhook(jsonb, jsonb) TO tsunagu_api;
