-- The next entries that wait to be sealed, in the order in which they were written. Each is looked
-- up by its id in a query of its own: as a join, the plan would read the whole log once it has
-- grown.
CREATE OR REPLACE FUNCTION pending_entries(p_most integer)
RETURNS TABLE (seq bigint, id uuid, entry text)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    RETURN QUERY SELECT p.seq, p.entry_id,
        (SELECT leaf_form(e)::text FROM log_entry e WHERE e.id = p.entry_id)
    FROM log_pending p ORDER BY p.seq LIMIT p_most;
END $$;
REVOKE ALL ON FUNCTION pending_entries(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION pending_entries(integer) TO tsunagu_worker;
