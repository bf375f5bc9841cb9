-- Write log entries of what this agency did, as `write_log_of_each` does.
CREATE OR REPLACE FUNCTION write_log_of(p_agency text, p_at timestamptz, p_entries jsonb)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT write_log_of_each(ARRAY[p_agency], p_at, p_entries)
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_log_of(text, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
