-- The receipts of a named recipient, in its inbox or on paper, and the recall of them.
CREATE OR REPLACE FUNCTION receipts_of(p_agency text, p_party text, m message, p_seats boolean)
RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE y copy; i inbox_item; x recall; v_classes text[];
BEGIN
    SELECT * INTO y FROM copy WHERE agency_id = p_agency AND message_id = m.id;
    SELECT * INTO i FROM inbox_item
    WHERE agency_id = p_agency AND message_id = m.id AND kind = 'message';
    IF y.agency_id IS NULL OR i.agency_id IS NULL THEN RETURN; END IF;
    v_classes := has_classes(y.classes, m);
    RETURN NEXT ROW(p_agency, m.accepted_at, 0, m.id,
        CASE WHEN i.to_print THEN 'to_print' ELSE 'received' END, p_party, NULL, v_classes, m.id,
        m.id)::disclosure;
    IF i.printed_at IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, i.printed_at, 1, m.id, 'printed', p_party,
            CASE WHEN p_seats THEN i.printed_by END, v_classes, m.id, m.id)::disclosure;
    END IF;
    IF i.withdrawn THEN
        RETURN NEXT ROW(p_agency, i.recalled_at, 4, m.id, 'withdrawn', p_party, NULL, v_classes,
            m.id, m.id)::disclosure;
    END IF;
    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = p_agency;
    IF x.id IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, x.recalled_at, 3, m.id, 'recalled', p_party,
            CASE WHEN p_seats THEN x.recalled_by END, v_classes, m.id, m.id)::disclosure;
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION receipts_of(text, text, message, boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
