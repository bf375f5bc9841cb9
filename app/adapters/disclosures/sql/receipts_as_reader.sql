-- Receipts that a reader may see: its own, and those of the other recipients named with it.
CREATE OR REPLACE FUNCTION receipts_as_reader(m message, c copy, p_brought_by uuid)
RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE r record; v_shown message; x recall;
BEGIN
    FOR r IN SELECT * FROM jsonb_to_recordset(m.recipients) AS q (agency_id text, party text)
    LOOP
        IF r.agency_id = c.agency_id THEN
            RETURN QUERY SELECT * FROM receipts_of(r.agency_id, r.party, m, false);
        ELSE
            RETURN QUERY SELECT d.agency_id, d.at, d.rank, d.id, d.how, d.party, NULL::text,
                NULL::text[], d.message_id, d.brought_by
            FROM receipts_of(r.agency_id, r.party, m, false) AS d
            WHERE d.how IN ('received', 'to_print');
        END IF;
    END LOOP;
    IF p_brought_by = m.id THEN RETURN; END IF;
    SELECT * INTO v_shown FROM message WHERE id = p_brought_by;
    RETURN NEXT ROW(c.agency_id, v_shown.accepted_at, 0, m.id, 'received', c.party, NULL,
        has_classes(c.classes, m), m.id, p_brought_by)::disclosure;
    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = c.agency_id;
    IF x.id IS NOT NULL THEN
        RETURN NEXT ROW(c.agency_id, x.recalled_at, 3, m.id, 'recalled', c.party, NULL,
            has_classes(c.classes, m), m.id, p_brought_by)::disclosure;
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION receipts_as_reader(message, copy, uuid)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
