-- The versions of master keys that wrap something.
CREATE OR REPLACE FUNCTION masters_in_use() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_found integer[] := ARRAY[]::integer[]; v_next integer := next_master(0);
BEGIN
    WHILE v_next IS NOT NULL LOOP
        v_found := v_found || v_next;
        v_next := next_master(v_next);
    END LOOP;
    RETURN v_found;
END $$;
REVOKE ALL ON FUNCTION masters_in_use() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION masters_in_use() TO tsunagu_api, tsunagu_worker;
