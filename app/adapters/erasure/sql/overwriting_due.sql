-- Whether the last complete overwriting began before `p_before`, or a key that was erased before
-- then has not been overwritten.
CREATE OR REPLACE FUNCTION overwriting_due(p_before timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM overwriting WHERE began_at >= p_before)
        OR EXISTS (SELECT FROM erasure WHERE overwritten_at IS NULL AND erased_at < p_before)
$$;
REVOKE ALL ON FUNCTION overwriting_due(timestamptz) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION overwriting_due(timestamptz) TO tsunagu_worker;
