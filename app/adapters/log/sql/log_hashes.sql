-- The hashes of these nodes of the tree, in the order asked for, and the size of the newest
-- checkpoint.
CREATE OR REPLACE FUNCTION log_hashes(p_agency text, p_levels smallint[], p_numbers bigint[])
RETURNS TABLE (size bigint, hashes bytea[])
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY SELECT coalesce((SELECT max(c.size) FROM log_checkpoint c), 0),
        ARRAY(SELECT CASE WHEN n.level = 0
                THEN (SELECT l.hash FROM log_leaf l WHERE l.index = n.number)
                ELSE (SELECT o.hash FROM log_node o
                      WHERE o.level = n.level AND o.number = n.number) END
            FROM unnest(p_levels, p_numbers) WITH ORDINALITY AS n (level, number, nth)
            ORDER BY n.nth);
END $$;
REVOKE ALL ON FUNCTION log_hashes(text, smallint[], bigint[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION log_hashes(text, smallint[], bigint[]) TO tsunagu_api;
