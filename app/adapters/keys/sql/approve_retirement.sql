-- Record that a master key may be removed: for operators only. The approval is in the database, the
-- key is in a folder: the worker that has the folder removes it. Answers `in_use`, `done` or
-- `as_it_is`; null if no unused key of that version is known, which may be new or not exist.
CREATE OR REPLACE FUNCTION approve_retirement(p jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE v_version constant integer := (p ->> 'version')::integer;
BEGIN
    PERFORM check_operator(p ->> 'agency_id');
    IF v_version = ANY (masters_in_use()) THEN RETURN 'in_use'; END IF;
    IF NOT EXISTS (SELECT FROM master_unused WHERE version = v_version) THEN RETURN NULL; END IF;
    INSERT INTO master_retirement (version, act_id, approved_at)
    VALUES (v_version, (p ->> 'act_id')::uuid, service_time((p ->> 'at')::timestamptz))
    ON CONFLICT DO NOTHING;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'as_it_is' END;
END $$;
REVOKE ALL ON FUNCTION approve_retirement(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION approve_retirement(jsonb) TO tsunagu_api;
