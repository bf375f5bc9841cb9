-- Openings that a reader may see: its own. They start at a moment, so that a page costs the same
-- wherever it starts. The limit is written out, since a plan that does not know it sorts all
-- rows; the settings prevent that also for a plan that was made for seldom opened messages.
CREATE OR REPLACE FUNCTION openings_as_reader(
    m message, c copy, p_brought_by uuid, p_from text, p_at timestamptz, p_rank integer,
    p_id uuid
) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_sort = off
SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY SELECT e.agency_id, e.at, 2, e.id, 'opened', c.party, e.seat_id,
        ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'classes')), m.id, p_brought_by
    FROM log_entry e
    WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
        AND e.agency_id = c.agency_id AND (e.agency_id, e.at) >= (p_from, p_at)
        AND (e.agency_id, e.at, 2, e.id) > (p_from, p_at, p_rank, p_id)
    ORDER BY e.at, e.id LIMIT 500;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION openings_as_reader(message, copy, uuid, text, timestamptz, integer, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
