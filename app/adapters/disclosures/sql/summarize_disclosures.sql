-- What `list_disclosures` lists, with repeated openings of a message by one agency as one: the
-- disclosures of whole messages from a place on, until `p_most` messages and disclosures were looked
-- at. What an agency does again and again makes it no longer.
CREATE OR REPLACE FUNCTION summarize_disclosures(
    p_agency text, p_case uuid, p_after jsonb, p_most integer
) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_after_referral constant uuid := p_after ->> 0;
    v_after_number bigint := coalesce((p_after ->> 1)::bigint, 0);
    v_begun boolean := p_after IS NULL;
    v_looked integer := 0;
    v_items jsonb[] := '{}';
    v_referral uuid; c copy; m message; d disclosure;
BEGIN
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    FOR v_referral IN SELECT id FROM referral WHERE case_id = p_case ORDER BY opened_at, id
    LOOP
        CONTINUE WHEN NOT v_begun AND v_referral <> v_after_referral;
        v_begun := true;
        FOR c IN
            SELECT * FROM copy WHERE agency_id = p_agency AND referral_id = v_referral
                AND number > v_after_number ORDER BY number LIMIT p_most
        LOOP
            SELECT * INTO m FROM message WHERE id = c.message_id;
            v_looked := v_looked + 1;
            FOR d IN
                SELECT * FROM known_receipts(m, c) AS r
                UNION ALL SELECT * FROM first_openings(m, c)
            LOOP
                v_looked := v_looked + 1;
                v_items := v_items || shown_disclosure(p_case, d, c, NULL);
            END LOOP;
            IF v_looked >= p_most THEN
                RETURN page_of(v_items, jsonb_build_array(v_referral, c.number));
            END IF;
        END LOOP;
        v_after_number := 0;
    END LOOP;
    RETURN page_of(v_items, NULL);
END $$;
REVOKE ALL ON FUNCTION summarize_disclosures(text, uuid, jsonb, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION summarize_disclosures(text, uuid, jsonb, integer) TO tsunagu_api;
