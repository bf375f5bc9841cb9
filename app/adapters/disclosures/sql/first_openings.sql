-- The first opening of a message by each agency of which the holder of this copy may know, by the
-- rules of `openings_as_sender` and `openings_as_reader`: however often it was opened, each agency is
-- found by index. An agency that the sender did not name may have opened it through another referral,
-- of which the sender must not learn: ten thousand of its openings are looked at, and of those that
-- name the sender there is one for each set of classes, since no receipt says which it got.
CREATE OR REPLACE FUNCTION first_openings(m message, c copy) RETURNS SETOF disclosure
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_sort = off
SET enable_bitmapscan = off AS $$
DECLARE
    v_sender constant boolean := sent_by(m, c.agency_id);
    v_until timestamptz := 'infinity';
    v_agency text := CASE WHEN v_sender THEN '' ELSE c.agency_id END;
    v_party text; v_by uuid;
BEGIN
    IF v_sender THEN
        SELECT coalesce(max(s.until), 'infinity') INTO v_until FROM party s
        WHERE s.referral_id = m.referral_id AND s.agency_id = c.agency_id;
    ELSE
        v_by := brought_by(m, c);
    END IF;
    LOOP
        IF v_sender THEN
            SELECT e.agency_id INTO v_agency FROM log_entry e
            WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
                AND e.agency_id > v_agency
            ORDER BY e.agency_id LIMIT 1;
            EXIT WHEN NOT FOUND;
        END IF;
        v_party := CASE WHEN v_sender THEN (SELECT r ->> 'party'
            FROM jsonb_array_elements(m.recipients) AS r WHERE r ->> 'agency_id' = v_agency LIMIT 1)
            ELSE c.party END;
        IF NOT v_sender OR v_party IS NOT NULL THEN
            RETURN QUERY SELECT e.agency_id, e.at, 2, e.id, 'opened', v_party, NULL::text,
                ARRAY(SELECT jsonb_array_elements_text(e.detail -> 'classes')), m.id,
                CASE WHEN v_sender THEN m.id ELSE v_by END
            FROM log_entry e
            WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]' AND e.message_id = m.id
                AND e.agency_id = v_agency AND e.at <= v_until
            ORDER BY e.at, e.id LIMIT 1;
        ELSE
            RETURN QUERY SELECT DISTINCT ON (e.classes) v_agency, e.at, 2, e.id, 'opened',
                NULL::text, NULL::text, ARRAY(SELECT jsonb_array_elements_text(e.classes)), m.id,
                CASE WHEN v_agency = c.agency_id THEN m.id END
            FROM (SELECT l.id, l.at, l.agencies, l.detail -> 'classes' AS classes FROM log_entry l
                WHERE l.kind = 'disclosure' AND l.detail -> 'classes' <> '[]'
                    AND l.message_id = m.id AND l.agency_id = v_agency AND l.at <= v_until
                ORDER BY l.at, l.id LIMIT 10000) AS e
            WHERE c.agency_id = ANY (e.agencies)
            ORDER BY e.classes, e.at, e.id;
        END IF;
        EXIT WHEN NOT v_sender;
    END LOOP;
END $$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION first_openings(message, copy) FROM PUBLIC, tsunagu_api, tsunagu_worker;
