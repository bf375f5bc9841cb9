-- Count failures at an endpoint. From three in a row on, it rests for twice as long after each one,
-- up to five minutes. An endpoint that answers 410, or fails for five days, is disabled or paused,
-- and its agency is notified. Answers that agency, otherwise null.
CREATE OR REPLACE FUNCTION missed_endpoint(
    p_webhook uuid, p_at timestamptz, p_failures integer, p_rest timestamptz, p_gone boolean
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE w webhook; v_why text;
BEGIN
    UPDATE webhook SET failures = failures + p_failures,
        failing_since = coalesce(failing_since, p_at),
        resting_until = greatest(p_rest, CASE WHEN failures + p_failures >= 3 THEN p_at
            + least(5 * 2 ^ least(failures + p_failures - 3, 9), 300)
                * interval '1 second' END)
    WHERE id = p_webhook RETURNING * INTO w;
    v_why := CASE WHEN p_gone THEN 'gone'
        WHEN w.failing_since <= p_at - interval '5 days' THEN 'failing' END;
    IF v_why IS NULL OR w.state <> 'active' THEN RETURN NULL; END IF;
    UPDATE webhook SET reason = v_why, changed_at = p_at,
        state = CASE v_why WHEN 'gone' THEN 'disabled' ELSE 'paused' END WHERE id = p_webhook;
    PERFORM deliver(p_at, jsonb_build_array(jsonb_build_object('agency_id', w.agency_id,
        'kind', 'webhook.paused', 'type', 'webhook.' || v_why, 'urgency', 'urgent')));
    RETURN w.agency_id;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION missed_endpoint(uuid, timestamptz, integer, timestamptz, boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
