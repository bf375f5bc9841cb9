-- Remember that the secret of a client was right at a place; the key stands for both. What is older
-- than a week is deleted, a little at a time; locked rows are skipped.
CREATE OR REPLACE FUNCTION secret_succeeded(p_key bytea, p_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO secret_success AS s (key, at) VALUES (p_key, service_time(p_at))
    ON CONFLICT (key) DO UPDATE SET at = greatest(s.at, service_time(p_at));
    DELETE FROM secret_success WHERE key IN (
        SELECT key FROM secret_success WHERE at <= service_time(p_at) - interval '7 days' AND key <> p_key
        ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
$$;
REVOKE ALL ON FUNCTION secret_succeeded(bytea, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION secret_succeeded(bytea, timestamptz) TO tsunagu_api;
