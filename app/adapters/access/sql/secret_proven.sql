-- Whether the secret of a client was right at a place within a week; the key stands for both.
CREATE OR REPLACE FUNCTION secret_proven(p_key bytea, p_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM secret_success
                   WHERE key = p_key AND at > service_time(p_at) - interval '7 days')
$$;
REVOKE ALL ON FUNCTION secret_proven(bytea, timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION secret_proven(bytea, timestamptz) TO tsunagu_api;
