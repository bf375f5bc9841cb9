-- One event of the list as it is shown, with the legal basis and the consents of the message.
CREATE OR REPLACE FUNCTION shown_disclosure(p_case uuid, d disclosure, c copy, p_key jsonb)
RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object('how', d.how, 'at', d.at, 'agency_id', d.agency_id,
        'party', d.party, 'seat_id', d.seat_id, 'classes', d.classes,
        'referral_id', m.referral_id, 'via', c.referral_id, 'message_id', m.id, 'type', m.type,
        'from', jsonb_build_object('party', m.from_party, 'agency_id', m.from_agency),
        'shown_by', CASE WHEN b.id <> m.id THEN b.id END, 'legal_basis', b.legal_basis,
        'consent_ids', CASE WHEN b.id IS NULL THEN '{}'
            ELSE seen_consents(c.agency_id, p_case, CASE
            WHEN c.sent OR d.agency_id = c.agency_id THEN (SELECT rests_at(y, d.at) FROM copy y
                WHERE y.agency_id = d.agency_id AND y.message_id = b.id)
            ELSE b.consent_ids END) END, 'key', p_key)
    FROM message m LEFT JOIN message b ON b.id = d.brought_by WHERE m.id = d.message_id
$$;
-- Called by other functions only.
REVOKE ALL ON FUNCTION shown_disclosure(uuid, disclosure, copy, jsonb)
    FROM PUBLIC, tsunagu_api, tsunagu_worker;
