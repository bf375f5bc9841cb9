-- Send a notice again, or all since a time. Answers how many; null if there is no such endpoint or
-- notice.
CREATE OR REPLACE FUNCTION replay_notices(
    p_agency text, p_id uuid, p_notice uuid, p_since timestamptz, p_at timestamptz, p_log jsonb
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_count integer;
BEGIN
    PERFORM FROM webhook
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted' FOR NO KEY UPDATE;
    IF NOT FOUND OR p_notice IS NOT NULL AND NOT EXISTS (
        SELECT FROM notice WHERE id = p_notice AND webhook_id = p_id) THEN RETURN NULL; END IF;
    UPDATE notice SET state = 'pending', due_at = p_at, since = p_at, tries = 0,
        settled_at = NULL, reason = NULL
    WHERE webhook_id = p_id AND position > 0 AND state <> 'pending'
        AND (id = p_notice OR created_at >= p_since);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE webhook SET resting_until = NULL WHERE id = p_id;
    PERFORM write_log(p_at, p_log);
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION replay_notices(text, uuid, uuid, timestamptz, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION replay_notices(text, uuid, uuid, timestamptz, timestamptz, jsonb)
    TO tsunagu_api;
