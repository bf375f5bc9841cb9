-- Turn waiting entries into leaves. An entry that no longer waits is an error.
CREATE OR REPLACE FUNCTION append_leaves(p_seqs bigint[], p_ids uuid[], p_hashes bytea[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_size bigint;
    v_taken integer;
BEGIN
    SELECT size INTO v_size FROM log_tree FOR UPDATE;
    DELETE FROM log_pending WHERE seq = ANY (p_seqs);
    GET DIAGNOSTICS v_taken = ROW_COUNT;
    IF v_taken <> cardinality(p_ids) THEN
        RAISE EXCEPTION 'an entry does not wait to be sealed';
    END IF;
    INSERT INTO log_leaf (index, entry_id, hash)
    SELECT v_size + l.nth - 1, l.id, l.hash
    FROM unnest(p_ids, p_hashes) WITH ORDINALITY AS l (id, hash, nth);
    UPDATE log_tree SET size = v_size + cardinality(p_ids);
END $$;
REVOKE ALL ON FUNCTION append_leaves(bigint[], uuid[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION append_leaves(bigint[], uuid[], bytea[]) TO tsunagu_worker;
