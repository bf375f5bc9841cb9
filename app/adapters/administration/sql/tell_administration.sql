-- Write the log entries and inbox items of an administrative act.
CREATE OR REPLACE FUNCTION tell_administration(p_at timestamptz, p jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF jsonb_array_length(p -> 'log') > 0 THEN PERFORM write_log(p_at, p -> 'log'); END IF;
    IF jsonb_array_length(p -> 'items') > 0 THEN PERFORM deliver(p_at, p -> 'items'); END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION tell_administration(timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
