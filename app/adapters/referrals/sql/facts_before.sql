-- For each copy of a message, each fact that it states, and each reader (who has the copy, and who
-- took its part over without one of its own): the newest other message of the same referral that
-- gave the reader's part that fact and that stands, with its sealed segments and their keys.
-- A correction stands where the message stands that was corrected first. What was recalled stands
-- for whoever had relied upon it. `p_classes` has the class of each fact. For the agency that
-- recalls the message, or agrees that its own copy is recalled. A fact is `untold` where the reader
-- never had its class, for want of consent.
CREATE OR REPLACE FUNCTION facts_before(p_agency text, p_message uuid, p_classes jsonb)
RETURNS TABLE (
    copied_to text, reader text, fact text, untold boolean, message_id uuid, referral_id uuid, type text, classes text[],
    sealed bytea[], key_classes text[], masters integer[], wrapped bytea[]
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE m message;
BEGIN
    PERFORM act_for(p_agency);
    SELECT * INTO m FROM message WHERE id = p_message;
    IF m.facts = '{}' OR NOT (sent_by(m, p_agency) OR EXISTS (SELECT FROM recall_request q
        WHERE q.message_id = m.id AND q.recipient_agency = p_agency)) THEN RETURN; END IF;
    RETURN QUERY
    WITH RECURSIVE place (id, first_id) AS (
        SELECT o.id, o.id FROM message o WHERE o.referral_id = m.referral_id AND o.corrects IS NULL
        UNION ALL
        SELECT o.id, p.first_id FROM place p JOIN message o ON o.corrects = p.id)
    SELECT x.agency_id, h.agency_id, f.fact, p_classes ->> f.fact = ANY (x.lacking), n.id, m.referral_id, n.type, s.classes, s.sealed, w.classes,
        w.masters, w.wrapped
    FROM copy x CROSS JOIN unnest(m.facts) AS f (fact)
    JOIN party had ON had.referral_id = x.referral_id AND had.agency_id = x.agency_id
    JOIN party h ON h.referral_id = x.referral_id AND (h.agency_id = x.agency_id
        OR had.until IS NOT NULL AND h.name = had.name AND h.until IS NULL
            AND NOT EXISTS (SELECT FROM copy own WHERE own.message_id = m.id
                AND own.agency_id = h.agency_id AND own.referral_id = m.referral_id))
    LEFT JOIN LATERAL (
        SELECT o.id, o.type
        FROM copy y JOIN message o ON o.id = y.message_id
        JOIN party r ON r.referral_id = y.referral_id AND r.agency_id = y.agency_id
        JOIN place a ON a.id = o.id JOIN message first ON first.id = a.first_id
        LEFT JOIN copy z ON z.message_id = first.id AND z.agency_id = y.agency_id
        LEFT JOIN inbox_item i ON i.agency_id = y.agency_id AND i.message_id = o.id
            AND i.kind = 'message'
        WHERE r.name = h.name AND y.referral_id = m.referral_id AND o.id <> m.id
            AND f.fact = ANY (o.facts) AND (p_classes ->> f.fact = ANY (y.classes)
                AND coalesce(i.opened_at, i.acknowledged_at, i.printed_at) IS NOT NULL
                OR p_classes ->> f.fact = ANY (y.classes || y.lacking) AND y.recalled_at IS NULL)
        ORDER BY first.accepted_at DESC, z.number DESC NULLS LAST, o.accepted_at DESC,
            y.number DESC
        LIMIT 1) AS n ON true
    CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes, array_agg(g.sealed) AS sealed
        FROM segment g WHERE g.message_id = n.id) AS s
    CROSS JOIN LATERAL (SELECT array_agg(k.class) AS classes, array_agg(k.master) AS masters,
            array_agg(k.wrapped) AS wrapped
        FROM referral_key k WHERE k.referral_id = m.referral_id) AS w
    WHERE x.message_id = m.id AND x.referral_id = m.referral_id AND NOT x.sent
        AND x.recalled_at IS NULL;
END $$;
REVOKE ALL ON FUNCTION facts_before(text, uuid, jsonb) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION facts_before(text, uuid, jsonb) TO tsunagu_api;
