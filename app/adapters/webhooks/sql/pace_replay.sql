-- Send a notice again, or all since a time, `p_rate` in a second. Answers how many; null if there is
-- no such endpoint or notice; and, while an earlier replay is under way, the seconds to wait, below
-- zero.
CREATE OR REPLACE FUNCTION pace_replay(
    p_agency text, p_id uuid, p_notice uuid, p_since timestamptz, p_at timestamptz, p_rate integer,
    p_log jsonb
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_each constant interval := interval '1 second' / p_rate; w webhook; v_count integer;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO w FROM webhook
    WHERE id = p_id AND agency_id = p_agency AND state <> 'deleted' FOR NO KEY UPDATE;
    IF NOT FOUND OR p_notice IS NOT NULL AND NOT EXISTS (
        SELECT FROM notice WHERE id = p_notice AND webhook_id = p_id) THEN RETURN NULL; END IF;
    IF w.replay_until > p_at THEN
        RETURN -ceil(extract(epoch FROM w.replay_until - p_at))::integer;
    END IF;
    PERFORM hold_notices(ARRAY(SELECT id FROM notice
        WHERE webhook_id = p_id AND position > 0 AND state <> 'pending'
            AND (id = p_notice OR created_at >= p_since)));
    WITH chosen AS (
        SELECT id, p_at + v_each * (row_number() OVER (ORDER BY position) - 1) AS at FROM notice
        WHERE webhook_id = p_id AND position > 0 AND state <> 'pending'
            AND (id = p_notice OR created_at >= p_since)
    )
    UPDATE notice n SET state = 'pending', due_at = c.at, not_before = c.at, since = c.at,
        tries = 0, settled_at = NULL, reason = NULL
    FROM chosen c WHERE n.id = c.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    UPDATE webhook SET resting_until = NULL,
        replay_until = p_at + greatest(interval '6 seconds', v_each * v_count)
    WHERE id = p_id;
    PERFORM write_log_of(p_agency, p_at, p_log);
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION pace_replay(text, uuid, uuid, timestamptz, timestamptz, integer, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION pace_replay(text, uuid, uuid, timestamptz, timestamptz, integer, jsonb)
    TO tsunagu_api;
