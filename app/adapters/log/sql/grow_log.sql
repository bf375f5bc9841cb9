-- Add leaves to the tree: their nodes and readers, and a signed checkpoint. What a bundle chooses from
-- (`case_entries`) stands with its readers by what it is about, who did it and its kind, so that
-- nobody's entries are in the way of what others did.
CREATE OR REPLACE FUNCTION grow_log(
    p_hashed bigint, p_frontier bytea[], p_levels smallint[], p_numbers bigint[],
    p_hashes bytea[], p_root bytea, p_note text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_from bigint;
BEGIN
    SELECT hashed INTO v_from FROM log_tree FOR UPDATE;
    INSERT INTO log_node (level, number, hash) SELECT * FROM unnest(p_levels, p_numbers, p_hashes);
    -- OFFSET 0 keeps the entries a query of their own for each leaf, by their key.
    INSERT INTO log_reader (agency_id, index, entry_id, about, acting_agency, kind)
    SELECT n.agency_id, l.index, l.entry_id,
        CASE WHEN n.tells THEN coalesce(n.message_id, n.case_id) END,
        CASE WHEN n.tells THEN coalesce(n.acting_agency, '') END, CASE WHEN n.tells THEN n.kind END
    FROM log_leaf l CROSS JOIN LATERAL (
        SELECT DISTINCT a AS agency_id, e.message_id, e.case_id, e.agency_id AS acting_agency, e.kind,
            e.case_id IS NOT NULL AND e.kind NOT IN ('acceptance', 'sharing', 'disclosure') AS tells
        FROM log_entry e, unnest(e.agencies) AS a
        WHERE e.id = l.entry_id OFFSET 0) AS n
    WHERE l.index >= v_from AND l.index < p_hashed;
    INSERT INTO log_checkpoint (size, root, note, at) 
    VALUES (p_hashed, p_root, p_note, checkpoint_time(p_at));
    UPDATE log_tree SET hashed = p_hashed, frontier = p_frontier;
END $$;
REVOKE ALL ON FUNCTION grow_log(
    bigint, bytea[], smallint[], bigint[], bytea[], bytea, text, timestamptz
) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION grow_log(
    bigint, bytea[], smallint[], bigint[], bytea[], bytea, text, timestamptz
) TO tsunagu_worker;
