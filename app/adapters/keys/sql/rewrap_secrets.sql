-- Replace sealed secrets of endpoints that are still as they were read. A locked row is left for
-- later. One by one and by primary key, so that no plan ever reads the table. Answers how many were
-- replaced.
CREATE OR REPLACE FUNCTION rewrap_secrets(
    p_id uuid[], p_previous boolean[], p_old bytea[], p_master integer[], p_new bytea[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_left integer[] := ARRAY[]::integer[]; w webhook; v_count integer := 0;
BEGIN
    FOR i IN 1 .. cardinality(p_id) LOOP
        SELECT * INTO w FROM webhook h WHERE h.id = p_id[i]
            AND CASE WHEN p_previous[i] THEN h.old_secret ELSE h.secret END = p_old[i]
        FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF p_previous[i] THEN
            UPDATE webhook SET old_master = p_master[i], old_secret = p_new[i] WHERE id = w.id;
            v_left := v_left || w.old_master;
        ELSE
            UPDATE webhook SET master = p_master[i], secret = p_new[i] WHERE id = w.id;
            v_left := v_left || w.master;
        END IF;
        v_count := v_count + 1;
    END LOOP;
    DELETE FROM master_unused WHERE version = ANY (v_left);
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION rewrap_secrets(uuid[], boolean[], bytea[], integer[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION rewrap_secrets(uuid[], boolean[], bytea[], integer[], bytea[])
    TO tsunagu_worker;
