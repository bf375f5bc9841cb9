-- Note that a client's assertion was used. Answers false if it was used before. Some that have
-- expired are deleted on the way.
CREATE OR REPLACE FUNCTION use_assertion(
    p_client text, p_jti bytea, p_expires timestamptz, p_at timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_at constant timestamptz := service_time(p_at);
BEGIN
    DELETE FROM assertion_seen WHERE ctid IN (
        SELECT ctid FROM assertion_seen WHERE expires_at < v_at
        ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO assertion_seen VALUES (p_client, p_jti, p_expires) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION use_assertion(text, bytea, timestamptz, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION use_assertion(text, bytea, timestamptz, timestamptz) TO tsunagu_api;
