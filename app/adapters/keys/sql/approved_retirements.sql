-- Master keys that may be removed: approved, not in use, and unused since `p_unused_before` or
-- earlier, so that no backup needs them.
CREATE OR REPLACE FUNCTION approved_retirements(p_unused_before timestamptz) RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(r.version), '{}')
    FROM master_retirement r JOIN master_unused u ON u.version = r.version
    WHERE u.since <= p_unused_before AND r.version <> ALL (masters_in_use())
$$;
REVOKE ALL ON FUNCTION approved_retirements(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION approved_retirements(timestamptz) TO tsunagu_worker;
