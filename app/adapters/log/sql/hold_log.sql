-- Lock the tree for one sealer, and return its size and frontier.
CREATE OR REPLACE FUNCTION hold_log()
RETURNS TABLE (size bigint, hashed bigint, frontier bytea[], checkpointed boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Apart from the query: one that waits for a lock sees other tables as they were before.
    PERFORM FROM log_tree FOR UPDATE;
    RETURN QUERY SELECT t.size, t.hashed, t.frontier,
        EXISTS (SELECT FROM log_checkpoint c WHERE c.size = t.hashed) FROM log_tree t;
END $$;
REVOKE ALL ON FUNCTION hold_log() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_log() TO tsunagu_worker;
