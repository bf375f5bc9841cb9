-- Note since when old master keys are not in use any more.
CREATE OR REPLACE FUNCTION note_unused_masters(p_at timestamptz, p_versions integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF ARRAY(SELECT version FROM master_unused ORDER BY version) = p_versions THEN RETURN; END IF;
    LOCK TABLE master_unused IN SHARE ROW EXCLUSIVE MODE;  -- workers note one after the other
    DELETE FROM master_unused WHERE version <> ALL (p_versions);
    INSERT INTO master_unused SELECT v, p_at FROM unnest(p_versions) AS v ON CONFLICT DO NOTHING;
END $$;
REVOKE ALL ON FUNCTION note_unused_masters(timestamptz, integer[])
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION note_unused_masters(timestamptz, integer[]) TO tsunagu_worker;
