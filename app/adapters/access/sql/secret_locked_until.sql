-- Until when a client id is locked out at one place; null if it is not.
CREATE OR REPLACE FUNCTION secret_locked_until(p_key bytea, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT locked_until FROM secret_failure WHERE key = p_key AND locked_until > service_time(p_at)
$$;
REVOKE ALL ON FUNCTION secret_locked_until(bytea, timestamptz)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION secret_locked_until(bytea, timestamptz) TO tsunagu_api;
