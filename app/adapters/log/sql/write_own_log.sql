-- Write log entries of calls that changed nothing but the log, and of effects of acts. What else is
-- logged is written by the function that does it. An entry names the agency in whose name the
-- transaction reads (function `me`), as the one that acted and as the only reader; before a
-- transaction has named one, nobody.
CREATE OR REPLACE FUNCTION write_own_log(p_agency text, p_at timestamptz, p_entries jsonb)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_readers jsonb;
BEGIN
    PERFORM act_for(p_agency);
    v_readers := CASE WHEN me() IS NULL THEN '[]' ELSE jsonb_build_array(me()) END;
    IF EXISTS (SELECT FROM jsonb_array_elements(p_entries) AS e
        WHERE (e ->> 'kind' IN ('refusal', 'rehearsal', 'refused_calls', 'export', 'hold')
            AND e -> 'agencies' = v_readers) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'a log entry of this kind, or for these readers, is not written alone'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM write_log_of(me(), p_at, p_entries);
END $$;
REVOKE ALL ON FUNCTION write_own_log(text, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION write_own_log(text, timestamptz, jsonb) TO tsunagu_api;
