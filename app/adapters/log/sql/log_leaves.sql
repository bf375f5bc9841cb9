-- The hashes of a range of leaves, and the size of the newest checkpoint.
CREATE OR REPLACE FUNCTION log_leaves(p_agency text, p_start bigint, p_end bigint)
RETURNS TABLE (size bigint, hashes bytea[])
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT coalesce((SELECT max(c.size) FROM log_checkpoint c), 0),
        ARRAY(SELECT l.hash FROM log_leaf l
            WHERE l.index >= p_start AND l.index < p_end ORDER BY l.index);
END $$;
REVOKE ALL ON FUNCTION log_leaves(text, bigint, bigint) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION log_leaves(text, bigint, bigint) TO tsunagu_api;
