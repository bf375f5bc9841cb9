-- Write log entries of what this agency did: each names it as the one that acted, or nobody, and no
-- seat or client of another agency. They count among what it may cause on a day.
CREATE OR REPLACE FUNCTION write_log_of(p_agency text, p_at timestamptz, p_entries jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_array_elements(p_entries) AS e
        WHERE e ->> 'agency_id' IS DISTINCT FROM p_agency
            AND coalesce(e ->> 'agency_id', e ->> 'seat_id', e ->> 'client_id') IS NOT NULL)
    OR EXISTS (SELECT FROM seat s WHERE s.agency_id <> p_agency AND s.id IN (
        SELECT e ->> 'seat_id' FROM jsonb_array_elements(p_entries) AS e))
    OR EXISTS (SELECT FROM client c WHERE c.agency_id <> p_agency AND c.id IN (
        SELECT e ->> 'client_id' FROM jsonb_array_elements(p_entries) AS e)) THEN
        RAISE EXCEPTION 'a log entry names another agency than the one that acts'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM count_today(p_agency, p_at, (SELECT jsonb_agg(jsonb_build_object('kind', c.kind, 'n', c.n))
        FROM (SELECT counted_as(e ->> 'kind') AS kind, count(*) AS n
            FROM jsonb_array_elements(p_entries) AS e GROUP BY 1) AS c WHERE c.kind IS NOT NULL));
    PERFORM write_log(p_at, p_entries);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_log_of(text, timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
