-- Replace wrapped keys that are still as they were read. A key that was erased meanwhile does not
-- come back. A locked row is left for later. One by one and by primary key, so that no plan ever
-- reads the table. Answers how many were replaced.
CREATE OR REPLACE FUNCTION rewrap_keys(
    p_referral uuid[], p_class text[], p_old bytea[], p_master integer[], p_new bytea[]
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_master integer; v_left integer[] := ARRAY[]::integer[]; v_count integer := 0;
BEGIN
    FOR i IN 1 .. cardinality(p_referral) LOOP
        SELECT k.master INTO v_master FROM referral_key k
        WHERE k.referral_id = p_referral[i] AND k.class = p_class[i] AND k.wrapped = p_old[i]
        FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            UPDATE referral_key k SET master = p_master[i], wrapped = p_new[i]
            WHERE k.referral_id = p_referral[i] AND k.class = p_class[i];
        ELSE
            SELECT h.master INTO v_master FROM held_key h
            WHERE h.referral_id = p_referral[i] AND h.class = p_class[i] AND h.wrapped = p_old[i]
            FOR UPDATE SKIP LOCKED;
            CONTINUE WHEN NOT FOUND;
            UPDATE held_key h SET master = p_master[i], wrapped = p_new[i]
            WHERE h.referral_id = p_referral[i] AND h.class = p_class[i];
        END IF;
        v_left := v_left || v_master;
        v_count := v_count + 1;
    END LOOP;
    DELETE FROM master_unused WHERE version = ANY (v_left);
    RETURN v_count;
END $$;
REVOKE ALL ON FUNCTION rewrap_keys(uuid[], text[], bytea[], integer[], bytea[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION rewrap_keys(uuid[], text[], bytea[], integer[], bytea[])
    TO tsunagu_worker;
