-- Lock the case of a sent message, and return its copies with their openings, so that the recall
-- can be decided on. What one seat opened is one row, however often it did so. Null if the agency
-- did not send it. Openings are found by the index of those that gave something; others have no
-- class to show here.
CREATE OR REPLACE FUNCTION hold_for_recall(p_agency text, p_referral uuid, p_message uuid)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE m message; v_case uuid; q party;
BEGIN
    SELECT * INTO m FROM message WHERE id = p_message AND referral_id = p_referral;
    IF NOT FOUND OR NOT sent_by(m, p_agency) THEN RETURN NULL; END IF;
    SELECT k.id INTO v_case FROM "case" k JOIN referral r ON r.case_id = k.id
    WHERE r.id = p_referral FOR UPDATE OF k;
    SELECT * INTO q FROM party WHERE referral_id = p_referral AND agency_id = p_agency;
    RETURN jsonb_build_object('case_id', v_case, 'ended', q.until IS NOT NULL,
        -- What it did to consents stands: it recorded or confirmed one, withdrew or refused one, or
        -- took a withdrawal back, which no consent remembers. A withdrawal stops a referral even
        -- where there is no consent.
        'consent_stands', EXISTS (SELECT FROM consent o WHERE o.case_id = v_case AND (
            o.withdrawn_on IS NULL
                AND (o.message_id = m.id AND m.id <> m.referral_id OR o.confirmed_by = m.id)
            OR o.withdrawn_by = m.id OR m.id = ANY (o.taken_by)))
            OR split_part(m.type, '.', 2) = 'retract_withdrawal'
            OR split_part(m.type, '.', 2) = 'withdraw_consent' AND EXISTS (SELECT FROM referral r
                WHERE r.id = p_referral AND 'suspended_consent' = ANY (r.back || r.state)),
        'state', coalesce(q.state, 'closed'), 'type', m.type, 'urgency', m.urgency,
        'accepted_at', m.accepted_at, 'from_party', m.from_party, 'copies', (
            SELECT coalesce(jsonb_agg(jsonb_build_object('agency_id', c.agency_id,
                'party', c.party, 'referral_id', c.referral_id, 'classes', c.classes,
                'has', (SELECT jsonb_agg(g.class) FROM segment g WHERE g.message_id = m.id),
                'acknowledged', i.acknowledged_at IS NOT NULL
                    AND NOT i.acknowledged_as_tombstone,
                'named', i.agency_id IS NOT NULL, 'to_print', coalesce(i.to_print, false),
                'printed_at', i.printed_at, 'printed_by', i.printed_by,
                'reason', x.reason, 'openings', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('how', 'opened',
                        'seat_id', o.seat_id, 'at', o.at, 'last_at', o.last_at,
                        'count', o.count, 'classes', o.classes) ORDER BY o.at, o.seat_id), '[]')
                    FROM (SELECT e.seat_id, min(e.at) AS at, max(e.at) AS last_at,
                            count(DISTINCT e.id) AS count,
                            array_agg(DISTINCT d.class ORDER BY d.class) AS classes
                        FROM log_entry e
                        CROSS JOIN jsonb_array_elements_text(e.detail -> 'classes') AS d (class)
                        WHERE e.kind = 'disclosure' AND e.detail -> 'classes' <> '[]'
                            AND e.message_id = m.id AND e.agency_id = c.agency_id
                        GROUP BY e.seat_id) AS o)
                ) ORDER BY c.agency_id), '[]')
            FROM copy c
            LEFT JOIN inbox_item i ON i.agency_id = c.agency_id AND i.message_id = m.id
                AND i.kind = 'message'
            LEFT JOIN recall x ON x.message_id = m.id AND x.recipient_agency = c.agency_id
            WHERE c.message_id = m.id AND NOT c.sent AND c.agency_id <> p_agency));
END $$;
REVOKE ALL ON FUNCTION hold_for_recall(text, uuid, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION hold_for_recall(text, uuid, uuid) TO tsunagu_api;
