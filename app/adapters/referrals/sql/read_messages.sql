-- Messages for their reader: envelope, sealed segments, wrapped keys, and the classes that
-- consent covers on the day `p_on`.
CREATE OR REPLACE FUNCTION read_messages(p_agency text, p_ids uuid[], p_on date)
RETURNS TABLE (
    meta text, classes text[], sealed bytea[], key_classes text[], masters integer[],
    wrapped bytea[]
)
LANGUAGE plpgsql SECURITY INVOKER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('app.agency', p_agency, true);
    RETURN QUERY
    SELECT (envelope(ROW(m.id, m.referral_id, m.type, m.from_party, m.from_agency, m.from_seat,
            m.recipients, m.occurred_on, m.accepted_at, m.legal_basis, m.urgency, m.in_reply_to,
            m.corrects, m.consent_ids, m.paper_origin, m.digest, m.class_digests,
            m.receipt)::message_row, c) || jsonb_build_object(
            'reader', reader_rights(p_agency, m.id, p_on),
            'erased', CASE WHEN r.erased_classes <> '{}' THEN (
                SELECT coalesce(jsonb_object_agg(e.class, jsonb_build_object(
                    'erased_at', e.erased_at, 'because', e.rule)), '{}')
                FROM erasure e WHERE e.referral_id = r.id) END,
            'case_id', k.id, 'case_version', k.version))::text,
        s.classes, s.sealed, w.classes, w.masters, w.wrapped
    FROM unnest(p_ids) WITH ORDINALITY AS wanted (id, nth)
    JOIN copy c ON c.message_id = wanted.id AND c.agency_id = p_agency
    JOIN message m ON m.id = c.message_id
    JOIN referral r ON r.id = m.referral_id
    JOIN party q ON q.referral_id = c.referral_id AND q.agency_id = p_agency
    CROSS JOIN LATERAL case_of(c.referral_id) AS k
    CROSS JOIN LATERAL (SELECT array_agg(g.class) AS classes, array_agg(g.sealed) AS sealed
        FROM segment g WHERE g.message_id = m.id) AS s
    CROSS JOIN LATERAL (SELECT array_agg(y.class) AS classes, array_agg(y.master) AS masters,
            array_agg(y.wrapped) AS wrapped
        FROM referral_key y WHERE y.referral_id = m.referral_id) AS w
    ORDER BY wanted.nth;
END $$;
REVOKE ALL ON FUNCTION read_messages(text, uuid[], date) FROM PUBLIC, tsunagu_api, tsunagu_worker;
GRANT EXECUTE ON FUNCTION read_messages(text, uuid[], date) TO tsunagu_api;
