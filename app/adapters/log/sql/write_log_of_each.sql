-- Write log entries of what these agencies did: each names one of them as the one that acted, or
-- nobody, and no seat or client of another than the one that it names. They count among what an
-- agency may cause on a day; those that name nobody, for the first of these.
CREATE OR REPLACE FUNCTION write_log_of_each(p_agencies text[], p_at timestamptz, p_entries jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Each seat and client is looked up by its id, however many there are.
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(p_entries) AS e (agency_id text, seat_id text, client_id text)
        LEFT JOIN LATERAL (SELECT agency_id FROM seat WHERE id = e.seat_id OFFSET 0) AS s ON true
        LEFT JOIN LATERAL (SELECT agency_id FROM client WHERE id = e.client_id OFFSET 0) AS c ON true
        WHERE coalesce(e.agency_id, e.seat_id, e.client_id) IS NOT NULL
                AND (e.agency_id = ANY (p_agencies)) IS NOT TRUE
            OR s.agency_id <> e.agency_id OR c.agency_id <> e.agency_id
    ) THEN
        RAISE EXCEPTION 'a log entry names another agency than the one that acts'
            USING ERRCODE = 'check_violation';
    END IF;
    PERFORM count_today(p_agencies[1], p_at, (SELECT jsonb_agg(jsonb_build_object(
            'agency_id', c.agency_id, 'kind', c.kind, 'n', c.n))
        FROM (SELECT e ->> 'agency_id' AS agency_id, counted_as(e ->> 'kind') AS kind, count(*) AS n
            FROM jsonb_array_elements(p_entries) AS e GROUP BY 1, 2) AS c WHERE c.kind IS NOT NULL));
    PERFORM write_log(p_at, p_entries);
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION write_log_of_each(text[], timestamptz, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
