-- Lock the case of a sent message, and return its copies with their openings, so that the recall
-- can be decided on. Null if the agency did not send it.
CREATE OR REPLACE FUNCTION hold_for_recall(p_agency text, p_referral uuid, p_message uuid)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE m message; v_case uuid;
BEGIN
    SELECT * INTO m FROM message WHERE id = p_message AND referral_id = p_referral;
    IF NOT FOUND OR NOT sent_by(m, p_agency) THEN RETURN NULL; END IF;
    SELECT k.id INTO v_case FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = p_referral FOR UPDATE OF k;
    RETURN jsonb_build_object('case_id', v_case, 'type', m.type, 'urgency', m.urgency,
        'accepted_at', m.accepted_at, 'from_party', m.from_party, 'copies', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', c.agency_id,
                'party', c.party, 'referral_id', c.referral_id, 'classes', c.classes,
                'has', (SELECT jsonb_agg(g.class) FROM segment g WHERE g.message_id = m.id),
                'named', i.agency_id IS NOT NULL, 'to_print', coalesce(i.to_print, false),
                'printed_at', i.printed_at, 'printed_by', i.printed_by,
                'reason', x.reason, 'openings', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('how', 'opened',
                        'seat_id', e.seat_id, 'at', e.at, 'classes', e.detail -> 'classes')
                        ORDER BY e.at, e.id), '[]')
                    FROM log_entry e WHERE e.kind = 'disclosure' AND e.message_id = m.id
                        AND e.agency_id = c.agency_id AND e.detail -> 'classes' <> '[]')
                ) ORDER BY c.agency_id), '[]')
            FROM copy c
            LEFT JOIN inbox_item i ON i.agency_id = c.agency_id AND i.message_id = m.id
                AND i.kind = 'message'
            LEFT JOIN recall x ON x.message_id = m.id AND x.recipient_agency = c.agency_id
            WHERE c.message_id = m.id AND NOT c.sent AND c.agency_id <> p_agency));
END $$;
REVOKE ALL ON FUNCTION hold_for_recall(text, uuid, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_for_recall(text, uuid, uuid) TO tsunagu_api;
