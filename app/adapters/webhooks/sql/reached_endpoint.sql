-- Record a success at an endpoint. If it had been failing, its waiting notices are due at once.
CREATE OR REPLACE FUNCTION reached_endpoint(p_webhook uuid, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_before webhook;
BEGIN
    SELECT * INTO v_before FROM webhook WHERE id = p_webhook;
    UPDATE webhook SET failures = 0, failing_since = NULL, resting_until = NULL,
        succeeded_at = p_at WHERE id = p_webhook;
    IF v_before.failures >= 3 THEN
        PERFORM resume_notices(p_webhook, p_at, v_before.failing_since);
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION reached_endpoint(uuid, timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
