-- Erased classes whose keys may still lie in files, the oldest first. They are committed, so a
-- rewriting that begins after this removes their keys.
CREATE OR REPLACE FUNCTION erasures_to_overwrite(p_most integer)
RETURNS TABLE (referral_id uuid, class text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT e.referral_id, e.class FROM erasure e WHERE e.overwritten_at IS NULL
    ORDER BY e.erased_at LIMIT p_most
$$;
REVOKE ALL ON FUNCTION erasures_to_overwrite(integer) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION erasures_to_overwrite(integer) TO tsunagu_worker;
