-- Note when the first worker has removed a master key. Answers false if one has before.
CREATE OR REPLACE FUNCTION note_retirement(p_version integer, p_at timestamptz, p_log jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE master_retirement SET done_at = service_time(p_at) WHERE version = p_version AND done_at IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM write_log_of(NULL, p_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION note_retirement(integer, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION note_retirement(integer, timestamptz, jsonb) TO tsunagu_worker;
