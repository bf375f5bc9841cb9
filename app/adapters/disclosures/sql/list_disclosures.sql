-- A page of the disclosures of a case that the agency may see. It runs as the owner, since it
-- reads copies of other agencies. It lists the agency's own receipts and openings; for messages
-- that it sent or shared, which agencies got which classes; for messages that it sent, who
-- opened them; for messages that it received, the other recipients. A page looks at no more than
-- `p_most` messages and events, however few of them are asked for; it may be short or empty and
-- still have a next page. Messages are looked up one by one, by index.
CREATE OR REPLACE FUNCTION list_disclosures(
    p_agency text, p_case uuid, p_referral uuid, p_of text, p_class text, p_after jsonb,
    p_limit integer, p_most integer
) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    v_start constant jsonb := '["", 0, 0, "00000000-0000-0000-0000-000000000000"]';
    v_after_referral constant uuid := p_after ->> 0;
    v_after_number constant bigint := coalesce((p_after ->> 1)::bigint, 0);
    v_referral uuid; c copy; m message; d disclosure;
    v_begun boolean := p_after IS NULL;
    v_place jsonb; v_from text; v_at timestamptz; v_rank integer; v_id uuid;
    v_key jsonb;
    v_looked integer := 0;
    v_items jsonb[] := '{}';
BEGIN
    PERFORM act_for(p_agency);
    IF NOT EXISTS (SELECT FROM referral r JOIN party q ON q.referral_id = r.id
                   WHERE r.case_id = p_case AND q.agency_id = p_agency) THEN
        RETURN NULL;
    END IF;
    FOR v_referral IN SELECT r.id FROM referral r WHERE r.case_id = p_case AND EXISTS (
        SELECT FROM copy y WHERE y.agency_id = p_agency AND y.referral_id = r.id)
        ORDER BY r.opened_at, r.id
    LOOP
        CONTINUE WHEN NOT v_begun AND v_referral <> v_after_referral;
        FOR c IN
            SELECT * FROM copy WHERE agency_id = p_agency AND referral_id = v_referral
                AND number >= CASE WHEN v_begun THEN 0 ELSE v_after_number END
            ORDER BY number LIMIT 500 + 1
        LOOP
            v_place := CASE WHEN NOT v_begun AND c.number = v_after_number
                THEN p_after - 0 - 0 ELSE v_start END;
            v_begun := true;
            v_key := jsonb_build_array(v_referral, c.number) || v_place;
            v_from := v_place ->> 0;
            v_at := to_timestamp(0) + (v_place ->> 1)::bigint * interval '1 microsecond';
            v_rank := v_place ->> 2;
            v_id := v_place ->> 3;
            v_looked := v_looked + 1;
            IF v_looked > p_most THEN RETURN page_of(v_items, v_key); END IF;
            SELECT * INTO m FROM message WHERE id = c.message_id;
            CONTINUE WHEN p_referral NOT IN (c.referral_id, m.referral_id);
            FOR d IN
                SELECT k.* FROM known_of(m, c, v_from, v_at, v_rank, v_id) AS k
                WHERE (k.agency_id, k.at, k.rank, k.id) > (v_from, v_at, v_rank, v_id)
                ORDER BY k.agency_id, k.at, k.rank, k.id
            LOOP
                v_looked := v_looked + 1;
                IF v_looked > p_most OR cardinality(v_items) = p_limit THEN
                    RETURN page_of(v_items, v_key);
                END IF;
                v_key := jsonb_build_array(v_referral, c.number, d.agency_id,
                    (extract(epoch FROM d.at) * 1000000)::bigint, d.rank, d.id);
                CONTINUE WHEN d.agency_id <> p_of
                    OR p_class IS NOT NULL AND (p_class = ANY (d.classes)) IS NOT TRUE;
                v_items := v_items || shown_disclosure(p_case, d, c, v_key);
            END LOOP;
        END LOOP;
        v_begun := true;
    END LOOP;
    RETURN page_of(v_items, NULL);
END $$;
REVOKE ALL ON FUNCTION list_disclosures(text, uuid, uuid, text, text, jsonb, integer, integer)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION list_disclosures(text, uuid, uuid, text, text, jsonb, integer, integer)
    TO tsunagu_api;
