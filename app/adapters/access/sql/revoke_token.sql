-- Revoke one token. Answers false if it was revoked before. Rows are deleted a minute after the
-- token has expired: the clocks of two processes may differ by half of that. A client that
-- revokes more than `p_most` has all of its tokens stopped instead, so that nobody can fill the
-- memory of every process.
CREATE OR REPLACE FUNCTION revoke_token(
    p_jti uuid, p_client text, p_expires timestamptz, p_at timestamptz, p_most integer,
    p_log jsonb
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_number bigint; v_count bigint;
BEGIN
    PERFORM act_for_unless_worker((SELECT agency_id FROM client WHERE id = p_client));
    DELETE FROM revoked_token WHERE jti IN (
        SELECT jti FROM revoked_token WHERE expires_at < service_time(p_at) - interval '1 minute'
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    UPDATE token_clock SET stops = stops + 1 RETURNING stops INTO v_number;
    INSERT INTO revoked_token (jti, client_id, number, expires_at)
    VALUES (p_jti, p_client, v_number, p_expires) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    SELECT count(*) INTO v_count FROM (
        SELECT FROM revoked_token WHERE client_id = p_client LIMIT p_most + 1) AS r;
    IF v_count > p_most THEN
        PERFORM stop_tokens('client', p_client);
        DELETE FROM revoked_token WHERE client_id = p_client;
    END IF;
    PERFORM write_log_of((SELECT agency_id FROM client WHERE id = p_client), p_at, p_log);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION revoke_token(uuid, text, timestamptz, timestamptz, integer, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION revoke_token(uuid, text, timestamptz, timestamptz, integer, jsonb)
    TO tsunagu_api;
