-- The time from which something begins or ends: that of this transaction, whatever the caller says.
-- Where the service's clock is moved for development or tests (`service_clock`), that of the caller.
CREATE OR REPLACE FUNCTION service_time(p_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM service_clock WHERE NOT checked) THEN p_at ELSE now() END
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION service_time(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
