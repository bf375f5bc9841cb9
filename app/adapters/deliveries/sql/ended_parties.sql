-- The agencies whose part has ended, as the holder of this view has seen it.
CREATE OR REPLACE FUNCTION ended_parties(p_view jsonb) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(array_agg(s ->> 'agency_id'), '{}')
    FROM jsonb_array_elements(p_view -> 'parties') AS s WHERE s ->> 'until' IS NOT NULL
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION ended_parties(jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
