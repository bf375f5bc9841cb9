-- As API processes of the release before call it; goes with the next release.
CREATE OR REPLACE FUNCTION replay_notices(
    p_agency text, p_id uuid, p_notice uuid, p_since timestamptz, p_at timestamptz, p_log jsonb
) RETURNS integer
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT greatest(pace_replay(p_agency, p_id, p_notice, p_since, p_at, 10, p_log), 0)
$$;
REVOKE ALL ON FUNCTION replay_notices(text, uuid, uuid, timestamptz, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION replay_notices(text, uuid, uuid, timestamptz, timestamptz, jsonb)
    TO tsunagu_api;
