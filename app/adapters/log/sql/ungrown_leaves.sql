-- The next leaves that are not yet part of the tree.
CREATE OR REPLACE FUNCTION ungrown_leaves(p_most integer) RETURNS TABLE (hash bytea)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT l.hash FROM log_leaf l
    WHERE l.index >= (SELECT hashed FROM log_tree)
    ORDER BY l.index LIMIT p_most;
END $$;
REVOKE ALL ON FUNCTION ungrown_leaves(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION ungrown_leaves(integer) TO tsunagu_worker;
