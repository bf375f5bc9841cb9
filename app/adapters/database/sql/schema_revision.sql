-- The revision of the tables. A starting process and the readiness check compare it with the one
-- that they know.
CREATE OR REPLACE FUNCTION schema_revision() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT max(version_num) FROM alembic_version
$$;
REVOKE ALL ON FUNCTION schema_revision() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION schema_revision() TO tsunagu_api;
