-- The case of a referral, and its version.
CREATE OR REPLACE FUNCTION case_of(p_referral uuid) RETURNS TABLE (id uuid, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.id, c.version FROM referral r JOIN "case" c ON c.id = r.case_id WHERE r.id = p_referral
$$;
REVOKE ALL ON FUNCTION case_of(uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION case_of(uuid) TO tsunagu_api;
