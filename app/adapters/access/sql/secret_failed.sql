-- Count a wrong secret, and lock out the client id at that place after too many. The key stands for
-- both. Answers whether it is locked out now. The first lockout is short, each following one twice
-- as long as the one before, as long as they are remembered. Expired rows are deleted last and
-- locked ones are skipped: nobody waits for a row while holding one.
CREATE OR REPLACE FUNCTION secret_failed(
    p_key bytea, p_client text, p_at timestamptz, p_window interval, p_most integer,
    p_longest interval
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_at constant timestamptz := service_time(p_at);
    v_row secret_failure; v_locks integer; v_until timestamptz;
BEGIN
    INSERT INTO secret_failure AS f (key, failures, since, forget_at)
    VALUES (p_key, 1, v_at, v_at + p_window)
    ON CONFLICT (key) DO UPDATE SET
        failures = CASE WHEN f.since + p_window <= v_at THEN 1 ELSE f.failures + 1 END,
        since = CASE WHEN f.since + p_window <= v_at THEN v_at ELSE f.since END,
        locks = CASE WHEN f.forget_at <= v_at THEN 0 ELSE f.locks END,
        forget_at = greatest(f.forget_at, v_at + p_window)
    WHERE f.locked_until IS NULL OR f.locked_until <= v_at
    RETURNING * INTO v_row;
    IF v_row.failures >= p_most THEN
        v_locks := least(v_row.locks, 20);
        v_until := v_at + least(interval '1 minute' * 2 ^ v_locks, p_longest);
        UPDATE secret_failure SET failures = 0, since = v_until, locks = v_locks + 1,
            locked_until = v_until, forget_at = v_until + interval '1 day'
        WHERE key = p_key;
        INSERT INTO lockout AS l (client_id, untold, next_at)
        SELECT c.id, 1, v_at FROM client c WHERE c.id = p_client
        ON CONFLICT (client_id) DO UPDATE SET untold = l.untold + 1,
            next_at = coalesce(l.next_at, greatest(v_at, l.told_at + p_window));
    END IF;
    DELETE FROM secret_failure WHERE key IN (
        SELECT key FROM secret_failure WHERE forget_at <= v_at AND key <> p_key
        ORDER BY forget_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    RETURN v_until IS NOT NULL;
END $$;
REVOKE ALL ON FUNCTION secret_failed(bytea, text, timestamptz, interval, integer, interval)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION secret_failed(bytea, text, timestamptz, interval, integer, interval)
    TO tsunagu_api;
