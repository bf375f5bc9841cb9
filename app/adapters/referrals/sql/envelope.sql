-- The envelope of a message as the holder of this copy sees it. Only the sender gets the
-- receipt. It takes no settings of its own, so that it becomes part of the query that calls it.
CREATE OR REPLACE FUNCTION envelope(m message_row, c copy, p_corrected_by uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', m.id, 'referral_id', m.referral_id, 'via', c.referral_id,
        'number', c.number, 'type', m.type,
        'from', jsonb_build_object('party', m.from_party, 'agency_id', m.from_agency,
            'seat_id', m.from_seat),
        'to', m.recipients, 'occurred_on', m.occurred_on, 'created_at', m.accepted_at,
        'legal_basis', m.legal_basis, 'urgency', m.urgency, 'in_reply_to', m.in_reply_to,
        'corrects', m.corrects,
        'corrected_by', p_corrected_by,
        'consent_ids', m.consent_ids, 'rests_on', c.rests_on, 'paper_origin', m.paper_origin,
        'digests', m.class_digests, 'digest', m.digest,
        'receipt', CASE WHEN c.sent OR m.paper_origin #>> '{keyed_by,agency_id}' = c.agency_id
            THEN m.receipt END)
$$;
REVOKE ALL ON FUNCTION envelope(message_row, copy, uuid) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION envelope(message_row, copy, uuid) TO tsunagu_api;
