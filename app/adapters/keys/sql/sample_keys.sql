-- One wrapped key of each master key in use. A starting process unwraps them, to check that its
-- master keys are the right ones, not only that their versions exist.
CREATE OR REPLACE FUNCTION sample_keys()
RETURNS TABLE (referral_id uuid, class text, master integer, wrapped bytea)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT k.referral_id, k.class, k.master, k.wrapped
    FROM unnest(masters_in_use()) AS used (master) CROSS JOIN LATERAL (
        (SELECT f.referral_id, f.class, f.master, f.wrapped FROM referral_key f
            WHERE f.master = used.master LIMIT 1)
        UNION ALL
        (SELECT h.referral_id, h.class, h.master, h.wrapped FROM held_key h
            WHERE h.master = used.master LIMIT 1)
        LIMIT 1) AS k
    ORDER BY k.master
$$;
REVOKE ALL ON FUNCTION sample_keys() FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION sample_keys() TO tsunagu_api;
