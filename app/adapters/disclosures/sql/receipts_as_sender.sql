-- Receipts that a sender may see: those of all recipients, those of messages that it shared with
-- them, and those of other agencies that had opened a copy before it was recalled.
CREATE OR REPLACE FUNCTION receipts_as_sender(m message) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM jsonb_to_recordset(m.recipients) AS q (agency_id text, party text)
    LOOP
        RETURN QUERY SELECT * FROM receipts_of(r.agency_id, r.party, m, true);
    END LOOP;
    FOR r IN SELECT * FROM shown WHERE message_id = m.id
    LOOP
        RETURN NEXT ROW(r.agency_id, m.accepted_at, 0, r.shown_id, 'received', r.party, NULL,
            (SELECT has_classes(r.classes, o) FROM message o WHERE o.id = r.shown_id),
            r.shown_id, m.id)::disclosure;
    END LOOP;
    FOR r IN SELECT * FROM recall WHERE message_id = m.id AND disclosed AND NOT named
    LOOP
        RETURN NEXT ROW(r.recipient_agency, r.recalled_at, 3, m.id, 'recalled', NULL,
            r.recalled_by, has_classes(ARRAY(
                SELECT DISTINCT jsonb_array_elements_text(o -> 'classes')
                FROM jsonb_array_elements(r.openings) AS o), m), m.id, NULL)::disclosure;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION receipts_as_sender(message) FROM PUBLIC, tsunagu_api, tsunagu_worker;
