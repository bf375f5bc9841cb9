-- The receipts of a named recipient, in its inbox or on paper, what consents added to them later,
-- and the recall of them.
CREATE OR REPLACE FUNCTION receipts_of(p_agency text, p_party text, m message, p_seats boolean)
RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE y copy; i inbox_item; x recall; v_how text; v_added jsonb;
    v_since timestamptz;
BEGIN
    SELECT * INTO y FROM copy WHERE agency_id = p_agency AND message_id = m.id;
    SELECT * INTO i FROM inbox_item
    WHERE agency_id = p_agency AND message_id = m.id AND kind = 'message';
    IF y.agency_id IS NULL OR i.agency_id IS NULL THEN RETURN; END IF;
    v_how := CASE WHEN i.to_print THEN 'to_print' ELSE 'received' END;
    RETURN NEXT ROW(p_agency, m.accepted_at, 0, m.id, v_how, p_party, NULL,
        has_classes(classes_at(y, m.accepted_at), m), m.id, m.id)::disclosure;
    FOR v_added IN SELECT n FROM jsonb_array_elements(y.completions) AS n
        WHERE (n ->> 'at')::timestamptz > m.accepted_at
    LOOP
        RETURN NEXT ROW(p_agency, (v_added ->> 'at')::timestamptz, 0, m.id, v_how, p_party, NULL,
            has_classes(ARRAY(SELECT jsonb_array_elements_text(v_added -> 'classes')), m), m.id,
            m.id)::disclosure;
    END LOOP;
    IF i.printed_at IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, i.printed_at, 1, m.id, 'printed', p_party,
            CASE WHEN p_seats THEN i.printed_by END,
            has_classes(classes_at(y, i.printed_at), m), m.id, m.id)::disclosure;
    END IF;
    FOR v_since IN SELECT lower(s) FROM unnest(i.tombstones) AS s
    LOOP
        RETURN NEXT ROW(p_agency, v_since, 4, m.id, 'withdrawn', p_party, NULL,
            has_classes(classes_at(y, v_since), m), m.id, m.id)::disclosure;
    END LOOP;
    IF i.withdrawn THEN
        RETURN NEXT ROW(p_agency, i.recalled_at, 4, m.id, 'withdrawn', p_party, NULL,
            has_classes(classes_at(y, i.recalled_at), m), m.id, m.id)::disclosure;
    END IF;
    SELECT * INTO x FROM recall WHERE message_id = m.id AND recipient_agency = p_agency;
    IF x.id IS NOT NULL THEN
        RETURN NEXT ROW(p_agency, x.recalled_at, 3, m.id, 'recalled', p_party,
            CASE WHEN p_seats THEN x.recalled_by END,
            has_classes(classes_at(y, x.recalled_at), m), m.id, m.id)::disclosure;
    END IF;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION receipts_of(text, text, message, boolean)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
