-- The time of the next checkpoint: no earlier than the newest one has, whatever clock the sealer
-- goes by.
CREATE OR REPLACE FUNCTION checkpoint_time(p_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT greatest(service_time(p_at),
        (SELECT c.at FROM log_checkpoint c ORDER BY c.size DESC LIMIT 1))
$$;
REVOKE ALL ON FUNCTION checkpoint_time(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION checkpoint_time(timestamptz) TO tsunagu_worker;
