-- The classes to print for each recipient that is not connected: those of a body as consent
-- covers it on the day `p_on`, and C0 for one whose part has ended. Nothing of what was recalled.
-- Only whoever gave a copy is told of it: the sender of the message, or of one that shared it.
CREATE OR REPLACE FUNCTION paper_copies(p_agency text, p_message uuid, p_on date) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(y.agency_id, CASE
        WHEN q.until IS NOT NULL THEN ARRAY['C0']
        WHEN q.by_consent THEN ARRAY(SELECT unnest(y.classes) INTERSECT
            SELECT unnest(ARRAY['C0'] || covered(y.agency_id, y.referral_id, p_on)) ORDER BY 1)
        ELSE y.classes END), '{}')
    FROM copy y JOIN agency a ON a.id = y.agency_id
    JOIN party q ON q.referral_id = y.referral_id AND q.agency_id = y.agency_id
    JOIN message m ON m.id = y.message_id
    WHERE y.message_id = p_message AND NOT y.sent AND NOT a.connected
        AND y.recalled_at IS NULL AND (
            sent_by(m, p_agency) AND EXISTS (SELECT FROM jsonb_array_elements(m.recipients) AS r
                WHERE r ->> 'agency_id' = y.agency_id)
            OR EXISTS (SELECT FROM shown s JOIN message n ON n.id = s.message_id
                WHERE s.shown_id = m.id AND s.agency_id = y.agency_id AND sent_by(n, p_agency)))
$$;
REVOKE ALL ON FUNCTION paper_copies(text, uuid, date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION paper_copies(text, uuid, date) TO tsunagu_api;
