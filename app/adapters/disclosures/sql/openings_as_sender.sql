-- Openings that a sender may see: by agencies that it named, and by others if the log entry
-- names it, until the sender's part has ended. They start at a reader and a moment, so that a page costs the same wherever it
-- starts. The limit is written out, since a plan that does not know it sorts all rows; the
-- settings prevent that also for a plan that was made for seldom opened messages.
CREATE OR REPLACE FUNCTION openings_as_sender(
    p_agency text, m message, p_from text, p_at timestamptz, p_rank integer, p_id uuid
) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_sort = off
SET enable_bitmapscan = off AS $$
DECLARE v_until timestamptz;
BEGIN
    SELECT coalesce(max(s.until), 'infinity') INTO v_until FROM party s
    WHERE s.referral_id = m.referral_id AND s.agency_id = p_agency;
    RETURN QUERY SELECT e.agency_id, e.at, 2, e.id, 'opened', q.party, e.seat_id,
        ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'classes')), m.id,
        CASE WHEN q.party IS NOT NULL OR e.agency_id = p_agency THEN m.id END
    FROM log_entry e
    CROSS JOIN LATERAL (SELECT (SELECT r ->> 'party' FROM jsonb_array_elements(m.recipients) AS r
        WHERE r ->> 'agency_id' = e.agency_id LIMIT 1) AS party) AS q
    WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
        AND (e.agency_id, e.at) >= (p_from, p_at)
        AND (e.agency_id, e.at, 2, e.id) > (p_from, p_at, p_rank, p_id)
        AND (p_agency = ANY (e.agencies) OR q.party IS NOT NULL) AND e.at <= v_until
    ORDER BY e.agency_id, e.at, e.id LIMIT 500;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION openings_as_sender(text, message, text, timestamptz, integer, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
